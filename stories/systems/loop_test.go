package systems

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// The variables by which this test's program, run once more, becomes the server
// of a file system that shows a folder at another place.
const (
	loopFrom = "IVYVAULT_STORY_LOOP_FROM"
	loopTo   = "IVYVAULT_STORY_LOOP_TO"
)

func serveLoop(from, to string) int {
	root, err := fs.NewLoopbackRoot(from)
	if err == nil {
		var s *fuse.Server
		if s, err = fs.Mount(to, root, &fs.Options{MountOptions: fuse.MountOptions{FsName: "story"}}); err == nil {
			s.Wait()
			return 0
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// loop is such a file system; its server is a process that can be killed.
type loop struct {
	from, to string
	cmd      *exec.Cmd
	gone     chan struct{}
}

// newLoop shows the folder from at to, which it makes. It ends with the test.
func newLoop(t *testing.T, from, to string) *loop {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("root is needed to mount")
	}
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skipf("no FUSE: %v", err)
	} else {
		f.Close()
	}
	check(t, os.Mkdir(to, 0o755))
	l := &loop{from: from, to: to}
	t.Cleanup(func() {
		l.kill()
		_ = syscall.Unmount(to, syscall.MNT_DETACH) // it may be gone
	})
	l.launch(t)
	return l
}

func (l *loop) launch(t *testing.T) {
	t.Helper()
	_ = syscall.Unmount(l.to, syscall.MNT_DETACH) // of a server that was killed
	self, err := os.Executable()
	check(t, err)
	cmd, gone, began := exec.Command(self), make(chan struct{}), make(chan error)
	cmd.Env = append(os.Environ(), loopFrom+"="+l.from, loopTo+"="+l.to)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	go func() {
		runtime.LockOSThread() // the kernel ends the child with this thread
		err := cmd.Start()
		began <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
		close(gone)
	}()
	check(t, <-began)
	l.cmd, l.gone = cmd, gone
	until(t, "the file system shows itself", func() bool {
		select {
		case <-gone:
			t.Fatal("the file system's server ended")
		default:
		}
		var a, b syscall.Stat_t
		return syscall.Stat(l.from, &a) == nil && syscall.Stat(l.to, &b) == nil && a.Dev != b.Dev
	})
}

// kill ends the server at once, as a crash does.
func (l *loop) kill() {
	if l.cmd == nil {
		return
	}
	_ = l.cmd.Process.Kill() // it may have ended
	<-l.gone
}
