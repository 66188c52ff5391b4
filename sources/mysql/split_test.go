package mysql

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

const sample = "/*M!999999\\- enable the sandbox mode */ \n\n/*!40101 SET NAMES utf8mb4 */;\n" +
	"-- CHANGE MASTER TO MASTER_LOG_FILE='x.000001', MASTER_LOG_POS=1012;\n" +
	"DROP TABLE IF EXISTS `a`;\nCREATE TABLE `a` (\n  `i;` int(11) COMMENT 'it''s; (',\n  KEY (`i;`)\n);\n\n" +
	"SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;\n/*!40000 ALTER TABLE `a` DISABLE KEYS */;\nINSERT INTO `a` VALUES\n(1,'x\\');(2),('),\n(2,NULL);\nINSERT INTO `a` VALUES (3,0x00),(4,'''');\nCOMMIT;\n" +
	"DROP TABLE IF EXISTS `b``;\nDROP TABLE IF EXISTS ``c`;\nCREATE TABLE `b``;\nDROP TABLE IF EXISTS ``c` (\n  `t` text\n);\n" +
	"-- SET GLOBAL gtid_slave_pos='0-1-5';\n/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n\n"

// split writes a dump in pieces of random lengths.
func split(t *testing.T, dump string, most int) (map[string]string, map[string]int64, *splitter) {
	t.Helper()
	out, rows := map[string]*bytes.Buffer{}, map[string]int64{}
	present := ""
	s := &splitter{
		begin: func(name string) (writer, error) {
			present, out[name] = name, &bytes.Buffer{}
			return out[name], nil
		},
		done: func(n int64) { rows[present] = n },
	}
	for rest := []byte(dump); len(rest) > 0; {
		n := min(len(rest), 1+rand.IntN(most))
		if _, err := s.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	texts := map[string]string{}
	for k, b := range out {
		texts[k] = b.String()
	}
	return texts, rows, s
}

func TestSplit(t *testing.T) {
	for _, most := range []int{1, 2, 7, 100, 1 << 20} {
		texts, rows, s := split(t, sample, most)
		other := "b`;\nDROP TABLE IF EXISTS `c"
		if want := map[string]int64{"a": 4, other: 0}; !maps.Equal(rows, want) {
			t.Errorf("pieces up to %d: rows %v, want %v", most, rows, want)
		}
		const settings = "/*M!999999\\- enable the sandbox mode */ \n/*!40101 SET NAMES utf8mb4 */;\n"
		if a := texts["a"]; !strings.HasPrefix(a, settings) || !strings.HasSuffix(a, "COMMIT;\n") || strings.Contains(a, "MASTER") {
			t.Errorf("pieces up to %d: a is %q", most, a)
		}
		if b := texts[other]; !strings.HasPrefix(b, settings) || !strings.HasSuffix(b, "text\n);\n") {
			t.Errorf("pieces up to %d: b is %q", most, b)
		}
		if s.out != nil || s.binlog != "CHANGE MASTER TO MASTER_LOG_FILE='x.000001', MASTER_LOG_POS=1012;" {
			t.Errorf("pieces up to %d: out %v, binary log %q", most, s.out, s.binlog)
		}
	}
	if _, _, s := split(t, sample[:len(sample)-150], 10); s.out == nil {
		t.Error("a dump that is cut off is taken for a whole one")
	}
}

func TestBackquoted(t *testing.T) {
	for in, want := range map[string]string{"`a` b": "a| b|true", "`a``b`;": "a`b|;|true", "`a": "||false", "a`": "||false", "``": "||true"} {
		name, rest, ok := backquoted(in)
		if got := fmt.Sprintf("%s|%s|%v", name, rest, ok); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestParseRows(t *testing.T) {
	got := parseRows("a\\nb\tc\\\\nd\n\\t\te\\0\n")
	if want := "[[a\nb c\\nd] [\t e\x00]]"; fmt.Sprint(got) != want {
		t.Errorf("got %q", got)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, dump []byte) {
		total := 0
		s := &splitter{begin: func(string) (writer, error) { return writerFunc(func(p []byte) { total += len(p) }), nil }}
		if _, err := s.Write(dump); err == nil && len(s.head) > len(dump) {
			t.Errorf("%d bytes are kept of %d", len(s.head), len(dump))
		}
	})
}

type writerFunc func(p []byte)

func (w writerFunc) Write(p []byte) (int, error) { w(p); return len(p), nil }

func BenchmarkSplit(b *testing.B) {
	dump := []byte("DROP TABLE IF EXISTS `a`;\nINSERT INTO `a` VALUES\n" + strings.Repeat("(12345,'a text of some length, as there are',0x0123456789,NULL),\n", 20000) + "(1);\n")
	b.SetBytes(int64(len(dump)))
	for b.Loop() {
		s := &splitter{begin: func(string) (writer, error) { return writerFunc(func([]byte) {}), nil }}
		if _, err := s.Write(dump); err != nil {
			b.Fatal(err)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Config{Database: "d"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{}, {Database: "d", Port: 70000}, {Database: "d", Host: "h", Socket: "s"}, {Database: "d", Users: "some"}, {Database: "d", NonTransactional: "yes"}} {
		if c.Validate() == nil {
			t.Errorf("%+v passes", c)
		}
	}
}
