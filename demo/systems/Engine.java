import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Holds an H2 database open, as an engine does, and works in it. The first line
 * of its input is the password; each further line is a statement. Rows are
 * printed with their columns parted by a bar, then "done" or "failed: why".
 */
public final class Engine {
    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        try (var db = DriverManager.getConnection(args[0], "ENGINE", in.readLine()); var work = db.createStatement()) {
            for (String sql; (sql = in.readLine()) != null;) {
                System.out.println(run(work, sql));
                System.out.flush();
            }
        }
    }

    private static String run(java.sql.Statement work, String sql) {
        try {
            if (work.execute(sql)) {
                print(work.getResultSet());
            }
            return "done";
        } catch (SQLException e) {
            return "failed: " + e.getMessage().replace('\n', ' ');
        }
    }

    private static void print(ResultSet rows) throws SQLException {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            var line = new StringBuilder();
            for (int i = 1; i <= columns; i++) {
                line.append(i > 1 ? "|" : "").append(rows.getString(i));
            }
            System.out.println(line);
        }
    }
}
