import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.sql.DriverManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Stands in for an engine: it says at one path of one port that it is well, and
 * does nothing else of what the engine does. With a keystore it answers over
 * TLS, with the key in it; with a database it holds that open, and so locked.
 * The keystore's password comes from the environment.
 *
 * <p>Arguments: port, path, answer, then maybe the keystore and the database.
 */
public final class Standin {
    public static void main(String[] args) throws Exception {
        var at = new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0]));
        HttpServer server = args.length > 3 ? secure(at, args[3]) : HttpServer.create(at, 0);
        if (args.length > 4) {
            DriverManager.getConnection(args[4], "wso2carbon", "wso2carbon");
        }
        byte[] answer = args[2].getBytes("UTF-8");
        server.createContext("/", exchange -> {
            boolean asked = exchange.getRequestURI().getPath().equals(args[1]);
            exchange.sendResponseHeaders(asked ? 200 : 404, asked ? answer.length : -1);
            if (asked) {
                exchange.getResponseBody().write(answer);
            }
            exchange.close();
        });
        server.start();
    }

    private static HttpsServer secure(InetSocketAddress at, String file) throws Exception {
        char[] password = System.getenv("STANDIN_PASSWORD").toCharArray();
        var keys = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(file)) {
            keys.load(in, password);
        }
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password);
        var tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, null);
        var server = HttpsServer.create(at, 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return server;
    }
}
