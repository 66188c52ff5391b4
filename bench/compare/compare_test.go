package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/bench/report"
)

// TestEveryRowIsMeasured runs the command on little data with IvyVault alone.
func TestEveryRowIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds two programs")
	}
	bin, results := t.TempDir(), t.TempDir()
	for name, pkg := range map[string]string{"ivyvault": "ivyvault/cmd/ivyvault", "compare": "."} {
		build := exec.Command("go", "build", "-o", filepath.Join(bin, name), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Skipf("%s can't be built: %v: %s", name, err, out)
		}
	}
	scratch := t.TempDir()
	out, err := exec.Command(filepath.Join(bin, "compare"), "-program", filepath.Join(bin, "ivyvault"), "-against", "", "-rounds", "1",
		"-results", results, "-dir", scratch, "-cache", scratch, "-mixed", "0.01", "-tiny", "300", "-flat", "200", "-many", "2").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	judged, _, err := report.Results(results, "ivyvault")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]report.Result{}
	for _, res := range judged {
		found[res.Row.Name] = res
	}
	fuse := true
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		fuse = false
	} else {
		f.Close()
	}
	for _, row := range report.Rows() {
		if !fuse && strings.HasPrefix(row.Text, "mount:") {
			continue
		}
		res := found[row.Name]
		if e := res.Errors["ivyvault"]; e != "" {
			t.Errorf("%s: %s", row.Name, e)
		} else if res.Rounds != 1 || res.Medians["ivyvault"] <= 0 {
			t.Errorf("%s: %+v", row.Name, res)
		}
	}
	if table, err := os.ReadFile(filepath.Join(results, "table.md")); err != nil || !strings.Contains(string(table), "first backup") {
		t.Errorf("%s, %v", table, err)
	}
}

func TestParse(t *testing.T) {
	for args, ok := range map[string]bool{
		"":                              true,
		"-only tiny,mixed.first":        true,
		"-only tiny.unheard":            false,
		"-rounds 0":                     false,
		"-tiny -5":                      false,
		"mixed":                         false,
		"-against restic -limit 30s":    true,
		"-only flat -flat 10 -rounds 7": true,
	} {
		if _, err := parse(strings.Fields(args)); (err == nil) != ok {
			t.Errorf("%q: %v", args, err)
		}
	}
	o, err := parse([]string{"-only", "tiny,mixed.first"})
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[string]bool{"tiny.check": true, "mixed.first": true, "mixed.check": false, "flat.first": false} {
		if o.wants(row) != want {
			t.Errorf("%s: %v", row, !want)
		}
	}
	if !o.wantsSet("mixed") || o.wantsSet("flat") {
		t.Error("the sets are not those of the rows")
	}
}

func TestMachineWords(t *testing.T) {
	if got := cpuName("processor\t: 0\nmodel name\t: Some CPU @ 2GHz\nflags\t: x\n"); got != "Some CPU @ 2GHz" {
		t.Error(got)
	}
	if got := memorySize("MemTotal:       25165824 kB\nMemFree: 1 kB\n"); got != "24 GiB" {
		t.Error(got)
	}
	table := []byte("36 35 98:0 / /mnt/one rw,noatime - ext3 /dev/root rw\n37 35 0:42 / /mnt/two ro - fuse x ro\n")
	if !mountedIn(table, "/mnt/two") || mountedIn(table, "/mnt") || mountedIn(nil, "/mnt/one") {
		t.Error("mounts are not found")
	}
}
