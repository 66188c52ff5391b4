package stories

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A password shows up nowhere but where the user put it: in no output, no
// command line, no environment of a process that the program starts, and in no
// file of the repository or the cache.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const marker, second = "Marker-7f3a-geheim", "Marker-9b1c-zweites"
	h := bareHost(t)
	h.env = nil
	h.write("pw", []byte(marker+"\n"))
	h.write("pw2", []byte(second+"\n"))
	h.write("wrong", []byte(marker+"x\n"))
	h.writeTree(1)
	h = h.with("IVYVAULT_PASSWORD_FILE=" + h.path("pw"))
	inEnv := *h
	inEnv.env = []string{"IVYVAULT_PASSWORD=" + marker}
	byCommand := *h
	byCommand.env = []string{"IVYVAULT_PASSWORD_COMMAND=cat " + h.path("pw")}

	judge := func(r result) {
		t.Helper()
		for _, m := range []string{marker, second} {
			if strings.Contains(r.out+r.err, m) {
				t.Errorf("a password is printed: %s", r)
			}
		}
	}
	h.init()
	// What a child that the program starts gets to see, and who is running.
	peek := "env; cat /proc/$PPID/cmdline; tr '\\0' '\\n' < /proc/$PPID/cmdline"
	for _, who := range []*host{h, &inEnv, &byCommand} {
		judge(who.ok("backup", "--stdin-from-command", "--stdin-filename", "peek", "--", "sh", "-c", peek))
		judge(who.ok("dump", "latest", "/peek"))
		for _, verb := range [][]string{{"backup", "src", "-v", "-v"}, {"snapshots", "--json"}, {"check", "--read-data", "-v"}, {"key", "list", "--json"}, {"stats", "--json"}, {"cache", "list"}, {"ls", "latest"}} {
			judge(who.ok(verb...))
		}
		p := who.start("backup", "src", "--force", "--json", "--limit-upload", "4000")
		for !p.ended() {
			if found := inCommandLines(t, marker); found != "" {
				t.Errorf("a password stands in a command line: %s", found)
				break
			}
		}
		judge(p.wait())
	}
	judge(h.ok(append([]string{"key", "add", "--new-password-file", "pw2", "--label", "second", "--json"}, cheap()...)...))
	judge(h.with("IVYVAULT_PASSWORD_FILE=" + h.path("pw2")).ok("snapshots"))
	for _, flag := range []string{"--json", "-v"} {
		judge(h.with("IVYVAULT_PASSWORD_FILE="+h.path("wrong")).want(12, "snapshots", flag))
		judge(h.want(1, "ls", "nothing-of-this-name", flag))
		judge(h.want(10, "snapshots", "-r", h.path("nowhere"), flag))
		judge(h.want(1, "snapshots", "--password-command", "cat pw; exit 3", "-p", "", flag))
	}
	judge(h.run("snapshots", "--password", marker+"-on-the-line"))
	m := h.mount("-v")
	judge(m.close())

	for _, dir := range []string{h.repo, h.cache} {
		for _, m := range []string{marker, second} {
			if found := inFiles(t, dir, m); found != "" {
				t.Errorf("a password stands in %s", found)
			}
		}
	}
}

// inCommandLines looks for a text in those of all processes of the program.
func inCommandLines(t *testing.T, text string) string {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err == nil && strings.Contains(string(line), text) { // else it has ended
			return strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return ""
}

// inFiles looks for a text in all files below a directory.
func inFiles(t *testing.T, dir, text string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		p, err := os.ReadFile(path)
		if bytes.Contains(p, []byte(text)) {
			found = path
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}
