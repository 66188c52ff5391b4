package local

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/storetest"
)

// childEnv names, for a process started by a test below, the directory and the
// number of the writer that it plays.
const childEnv = "IVYVAULT_TEST_WRITER"

func TestMain(m *testing.M) {
	if job := os.Getenv(childEnv); job != "" {
		if err := playWriter(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const entries = 60

// playWriter puts log entries from the first on and prints those it made.
func playWriter(job string) error {
	number, dir, _ := strings.Cut(job, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	for i := range entries {
		made, err := s.Put(ctx, storetest.Name(store.Log, i), entry(n, i))
		if err != nil {
			return err
		}
		if made {
			fmt.Println(i)
		}
	}
	return nil
}

func entry(writer, i int) []byte {
	return storetest.Bytes(uint64(writer)<<32|uint64(i), 40_000)
}

func startWriter(t *testing.T, dir string, n int) (*exec.Cmd, *bytes.Buffer, *bufio.Scanner) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", childEnv, n, dir))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, &stderr, bufio.NewScanner(out)
}

// Four processes race for the same entries, and one of them is killed under
// way: each entry has one maker, whose bytes it holds.
func TestManyProcesses(t *testing.T) {
	const writers = 4
	s := create(t)
	mustPut(t, s, store.Name{Type: store.Config}, []byte("c"))
	var (
		cmds  [writers]*exec.Cmd
		errs  [writers]*bytes.Buffer
		outs  [writers]*bufio.Scanner
		maker = map[int]int{}
	)
	for w := range writers {
		cmds[w], errs[w], outs[w] = startWriter(t, s.dir, w)
	}
	for w := range writers {
		for outs[w].Scan() {
			i, err := strconv.Atoi(outs[w].Text())
			if err != nil {
				t.Fatalf("writer %d printed %q", w, outs[w].Text())
			}
			if other, twice := maker[i]; twice {
				t.Errorf("writers %d and %d both made entry %d", other, w, i)
			}
			maker[i] = w
			if w == 0 {
				if err := cmds[0].Process.Kill(); err != nil {
					t.Logf("writer 0 had ended: %v", err)
				}
			}
		}
	}
	for w := range writers {
		if err := cmds[w].Wait(); err != nil && w != 0 {
			t.Errorf("writer %d: %v: %s", w, err, errs[w])
		}
	}
	for i := range entries {
		b, err := s.Get(t.Context(), storetest.Name(store.Log, i), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		w, known := maker[i]
		if !known {
			w = 0 // killed between its put and its print
		}
		if !bytes.Equal(b, entry(w, i)) {
			t.Errorf("entry %d does not hold the bytes of writer %d", i, w)
		}
	}
	if _, _, err := s.RemoveStale(t.Context(), 0); err != nil {
		t.Error(err)
	}
	noTemp(t, s)
}
