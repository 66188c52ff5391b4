import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/**
 * Runs SQL for another process, which speaks to it over the standard streams.
 * URL, user and password come in on standard input, so none of them stands on a
 * command line or in the environment. A text is four bytes of length and that
 * many bytes of UTF-8; a length of -1 is NULL.
 *
 * In:  URL, user, password; then requests: 'Q' text runs a statement, 'X' text
 * runs one and ends the program where it fails. Out: 'K' after the connection,
 * then for each request 'R' count text... for each row and 'D' and eight bytes,
 * the rows changed; or 'F' and code, state, message where something failed.
 */
public final class Link {
    private static final int LONGEST = 1 << 30;
    private final DataInputStream in;
    private final DataOutputStream out;

    private Link(DataInputStream in, DataOutputStream out) {
        this.in = in;
        this.out = out;
    }

    public static void main(String[] args) throws Exception {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        System.setOut(System.err); // nothing but answers goes to the one who asks
        new Link(new DataInputStream(new BufferedInputStream(System.in, 1 << 16)), out).run();
        System.exit(0); // a database's own threads must not keep the program
    }

    private void run() throws Exception {
        String url = text();
        Properties who = new Properties();
        who.setProperty("user", text());
        who.setProperty("password", text());
        Connection c;
        try {
            c = new org.h2.Driver().connect(url, who);
            if (c == null) {
                throw new SQLException("the driver does not take this URL");
            }
        } catch (SQLException e) {
            failed(e);
            return;
        }
        out.writeByte('K');
        out.flush();
        try (Connection conn = c; Statement s = conn.createStatement()) {
            while (serve(s)) {
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }
    }

    private boolean serve(Statement s) throws IOException {
        int kind = in.read();
        if (kind < 0) {
            return false;
        }
        String sql = text();
        try {
            long changed = -1;
            if (s.execute(sql)) {
                try (ResultSet rows = s.getResultSet()) {
                    rows(rows);
                }
            } else {
                changed = s.getUpdateCount();
            }
            out.writeByte('D');
            out.writeLong(changed);
            return true;
        } catch (SQLException e) {
            failed(e);
            return kind == 'Q';
        }
    }

    private void rows(ResultSet rows) throws SQLException, IOException {
        int width = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            out.writeByte('R');
            out.writeInt(width);
            for (int i = 1; i <= width; i++) {
                text(rows.getString(i));
            }
        }
    }

    private void failed(SQLException e) throws IOException {
        out.writeByte('F');
        out.writeInt(e.getErrorCode());
        text(e.getSQLState());
        text(e.getMessage());
        out.flush();
    }

    private String text() throws IOException {
        int n = in.readInt();
        if (n < 0 || n > LONGEST) {
            throw new EOFException("a text of " + n + " bytes");
        }
        byte[] b = new byte[n];
        in.readFully(b);
        return new String(b, StandardCharsets.UTF_8);
    }

    private void text(String s) throws IOException {
        if (s == null) {
            out.writeInt(-1);
            return;
        }
        byte[] b = s.getBytes(StandardCharsets.UTF_8);
        out.writeInt(b.length);
        out.write(b);
    }
}
