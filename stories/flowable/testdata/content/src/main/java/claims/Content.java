package claims;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import org.flowable.content.api.ContentItem;
import org.flowable.content.api.ContentService;
import org.flowable.content.engine.ContentEngine;
import org.flowable.content.engine.impl.cfg.StandaloneContentEngineConfiguration;

/**
 * Keeps documents by Flowable's content engine.
 * POST /items?TASK&NAME stores one, GET /items lists all with a digest of what is stored.
 */
public class Content {
    private final ContentService service;

    Content(ContentService service) {
        this.service = service;
    }

    /** Arguments: port, JDBC URL, user, root folder. The password stands in the environment. */
    public static void main(String[] args) throws Exception {
        StandaloneContentEngineConfiguration c = new StandaloneContentEngineConfiguration();
        c.setJdbcDriver("org.postgresql.Driver");
        c.setJdbcUrl(args[1]);
        c.setJdbcUsername(args[2]);
        c.setJdbcPassword(System.getenv("SPRING_DATASOURCE_PASSWORD"));
        c.setContentRootFolder(args[3]);
        c.setCreateContentRootFolder(true);
        c.setDatabaseSchema("content");
        c.setDatabaseSchemaUpdate("true");
        ContentEngine engine = c.buildContentEngine();
        Content content = new Content(engine.getContentService());
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/items", content::items);
        server.start();
    }

    private void items(HttpExchange x) throws IOException {
        String said;
        int status = 200;
        try {
            said = x.getRequestMethod().equals("POST") ? store(x) : list();
        } catch (Exception e) {
            said = e.toString();
            status = 500;
        }
        byte[] out = said.getBytes(StandardCharsets.UTF_8);
        x.sendResponseHeaders(status, out.length == 0 ? -1 : out.length);
        x.getResponseBody().write(out);
        x.close();
    }

    private String store(HttpExchange x) {
        String[] words = x.getRequestURI().getQuery().split("&");
        ContentItem item = service.newContentItem();
        item.setTaskId(words[0]);
        item.setName(words[1]);
        item.setMimeType("text/plain");
        service.saveContentItem(item, x.getRequestBody());
        return item.getId() + " " + item.getContentStoreId() + "\n";
    }

    private String list() throws Exception {
        StringBuilder out = new StringBuilder();
        for (ContentItem item : service.createContentItemQuery().orderByCreatedDate().asc().list()) {
            try (InputStream in = service.getContentItemData(item.getId())) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(in.readAllBytes());
                out.append(item.getId()).append(' ').append(item.getName()).append(' ').append(HexFormat.of().formatHex(digest)).append('\n');
            }
        }
        return out.toString();
    }
}
