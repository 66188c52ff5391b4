package systems

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"ivyvault/sources/h2/h2test"
)

// overWire is a text as H2 sends it.
func overWire(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

// H2 as a server, which hands over its script row by row, or writes it into a
// folder that both see.
func TestH2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trap     func() *trap
		exchange bool
	}{
		"row by row":       {trap: func() *trap { return &trap{answers: deep / 8, every: true} }},
		"through a folder": {trap: func() *trap { return &trap{word: overWire("BACKUP TO ")} }, exchange: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jar, dir := h2test.Jar(t, h2test.Version), t.TempDir()
			s := h2test.Serve(t, dir)
			conn := h2test.Open(t, h2test.Version, "jdbc:h2:tcp://"+s.Address+"/rules")
			h2test.Exec(t, conn, fmt.Sprintf("CREATE TABLE RULE AS SELECT X AS ID, REPEAT(CAST(RANDOM_UUID() AS VARCHAR), 30) AS BODY FROM SYSTEM_RANGE(1, %d)", wide>>13))
			conn.Close()

			g := newGate(t, s.Address)
			section := fmt.Sprintf("    databases:\n      rules:\n        type: h2\n        url: jdbc:h2:tcp://%s/rules\n        user: %s\n        password: \"{file:%s}\"\n        jar: %s\n",
				g.addr, h2test.User, filepath.Join(dir, "password"), jar)
			check(t, os.WriteFile(filepath.Join(dir, "password"), []byte(h2test.Password+"\n"), 0o600))
			if c.exchange {
				section += "        exchange: {local: " + dir + "}\n"
			}
			(&story{
				h: newHost(t, section), part: "databases/rules", gate: g, trap: c.trap, tool: "java", scratch: true,
				kill: s.Kill, launch: func() { s.Launch(t) },
				died: []string{"the H2 database rules on tcp://" + g.addr, "the connection to the database's process broke off"},
				left: func(when string) {
					names, err := os.ReadDir(dir)
					check(t, err)
					for _, n := range names {
						if strings.HasPrefix(n.Name(), "ivyvault-") {
							t.Errorf("%s %s is left beside the database", when, n.Name())
						}
					}
				},
			}).run(t)
		})
	}
}
