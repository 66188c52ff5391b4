package flowable

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mustHold fails where one of the patterns does not match what was said.
func mustHold(t *testing.T, what, said string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?s)" + p).MatchString(said) {
			t.Errorf("%s: no %q in\n%s", what, p, said)
		}
	}
}

// planted makes rows and files differ in all ways that are known, and expects
// each to be named, and only what would be missing after a restore to be wrong.
func planted(t *testing.T, h *host) {
	docs := h.documents(t)
	kept := t.TempDir()
	check(t, os.CopyFS(filepath.Join(kept, "content"), os.DirFS(h.path("content"))))
	at := func(name string) string { return h.path("content/" + name) }

	gone, short, replaced := docs[1], docs[2], docs[3]
	check(t, os.Remove(at(gone)))
	check(t, os.Truncate(at(short), 7))
	parts := strings.Split(replaced, "/") // task-content/TASK/UUID
	old := filepath.Join(filepath.Dir(replaced), "task."+parts[1]+"."+parts[2]+"_OLD")
	check(t, os.Rename(at(replaced), at(old)))
	newer := "uncategorized/6f2f2aa0-0000-11f0-8000-000000000001"
	h.write("content/"+newer, "came after the database was captured", 0o600)
	check(t, os.Chtimes(at(newer), time.Now(), time.Now().Add(time.Hour)))
	left := "uncategorized/6f2f2aa0-0000-11f0-8000-000000000002"
	h.write("content/"+left, "nothing names it", 0o600)
	check(t, os.Chtimes(at(left), time.Now(), time.Now().Add(-time.Hour)))
	h.sql("claims", `CREATE TABLE kept AS SELECT id_, content_id_ FROM act_hi_attachment WHERE name_ = 'case-7'`)
	h.sql("claims", `UPDATE act_hi_attachment SET content_id_ = 'lost' WHERE name_ = 'case-7'`)

	out := h.backup(3, "hot")
	mustHold(t, "planted", out,
		`names the file `+regexp.QuoteMeta(gone)+`, which is not among those taken`,
		regexp.QuoteMeta(short)+` was captured with 7`,
		`the attachment \S+ \("case-7"\) names a content in ACT_GE_BYTEARRAY that is not there`,
		`was being replaced: it was captured as documents/content/`+regexp.QuoteMeta(old)+`, and has to be renamed to `+parts[2],
		regexp.QuoteMeta(newer)+` is newer than the database's capture`,
		regexp.QuoteMeta(left)+` is older than the database's capture, and no row names it`)
	if n := strings.Count(out, "content and rows: databases/flowable: "); n < 4 {
		t.Errorf("%d mismatches of rows are named:\n%s", n, out)
	}
	mustHold(t, "the run book", h.ivyvault(0, "system", "runbook", "claims", h.newest(t)),
		"This snapshot is not whole", regexp.QuoteMeta(gone), regexp.QuoteMeta(short))

	// What only would be too much does no harm.
	check(t, os.RemoveAll(h.path("content")))
	check(t, os.CopyFS(h.path("content"), os.DirFS(filepath.Join(kept, "content"))))
	h.sql("claims", `UPDATE act_hi_attachment a SET content_id_ = k.content_id_ FROM kept k WHERE a.id_ = k.id_`)
	h.sql("claims", `DROP TABLE kept`)
	h.write("content/"+left, "nothing names it", 0o600)
	out = h.backup(0, "hot")
	mustHold(t, "a file too much", out, regexp.QuoteMeta(left), "all were captured")
	check(t, os.Remove(at(left)))
}

// newest is the id of the newest snapshot.
func (h *host) newest(t *testing.T) string {
	t.Helper()
	ids := regexp.MustCompile(`(?m)^([0-9a-f]{8,})\b`).FindAllString(h.ivyvault(0, "snapshots"), -1)
	if len(ids) == 0 {
		t.Fatal("no snapshots are listed")
	}
	return ids[len(ids)-1]
}
