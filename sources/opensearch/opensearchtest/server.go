// Package opensearchtest starts a private OpenSearch for tests: a real server
// of one node, made from the distribution without plugins that is published
// with the artefacts of the project.
//
// Promise: the server listens on the loopback device only, runs as a user
// without rights where the test itself is root, and ends with Stop, or with
// the process, whichever comes first. Its folder goes with Stop.
package opensearchtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Version is the version of the server that setup fetches.
const Version = "2.19.6"

// nobody is the user that the server runs as where root runs the test: it
// refuses to be root.
const nobody = 65534

// starting is how long a server may take until it answers, in the worst case.
const starting = 3 * time.Minute

// Server is a running server.
type Server struct {
	URL  string // "http://127.0.0.1:40123"
	Repo string // the folder that path.repo names; "" where there is none

	root string // everything of it
	home string // the unpacked distribution
	port int
	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended
}

// MissingError says what the server needs and this machine lacks.
type MissingError struct{ What string }

func (e *MissingError) Error() string {
	return e.What + " is not here; .ci/setup installs it"
}

// Start unpacks and starts a server. The context bounds the start only.
func Start(ctx context.Context) (*Server, error) {
	archive, err := distribution()
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp("", "ivyvault-opensearch-")
	if err != nil {
		return nil, err
	}
	s := &Server{root: root, home: filepath.Join(root, "opensearch-"+Version), Repo: filepath.Join(root, "snapshots")}
	if err := s.prepare(archive); err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	if err := s.Launch(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func distribution() (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", &MissingError{"Java 17"}
	}
	dir := os.Getenv("IVYVAULT_TOOLS")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".cache", "ivyvault-tools")
	}
	archive := filepath.Join(dir, "opensearch-"+Version+".zip")
	if _, err := os.Stat(archive); err != nil {
		return "", &MissingError{archive}
	}
	return archive, nil
}

func (s *Server) prepare(archive string) error {
	if err := unpack(archive, s.root); err != nil {
		return err
	}
	for _, dir := range []string{s.Repo, filepath.Join(s.root, "tmp")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", s.port)
	conf := fmt.Sprintf(`cluster.name: ivyvault-test
node.name: n1
discovery.type: single-node
network.host: 127.0.0.1
http.port: %d
transport.port: 0
path.repo: [%q]
cluster.routing.allocation.disk.threshold_enabled: false
`, s.port, s.Repo)
	if err := os.WriteFile(filepath.Join(s.home, "config", "opensearch.yml"), []byte(conf), 0o644); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	return filepath.WalkDir(s.root, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
}

// Launch starts the process, for the first time or after Kill, and waits until
// it answers.
func (s *Server) Launch(ctx context.Context) error {
	log, err := os.Create(filepath.Join(s.root, "out.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command("java", s.arguments()...)
	s.cmd.Dir = s.home
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Env = append(os.Environ(), "HOME="+s.root)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		s.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	started := make(chan error)
	s.gone = make(chan struct{})
	go func() {
		// The death signal comes when the thread ends that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // it is killed, so how it ended says nothing
		}
		close(s.gone)
	}()
	if err := <-started; err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	for !s.answers(ctx) {
		select {
		case <-s.gone:
			return fmt.Errorf("the server ended: %s", s.said())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w: %s", ctx.Err(), s.said())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// arguments are those that the server's own script comes to, which starts
// several virtual machines to find them out: little memory, and a quick start
// rather than a quick server.
func (s *Server) arguments() []string {
	return []string{
		"-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=128m", "-Xss1m", "-Xshare:auto",
		"-Djava.security.manager=allow", "-Djava.io.tmpdir=" + filepath.Join(s.root, "tmp"), "-Djava.awt.headless=true",
		"-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory",
		"-Dfile.encoding=UTF-8", "-Djava.locale.providers=SPI,COMPAT", "-Djna.nosys=true",
		"-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true", "-Dio.netty.recycler.maxCapacityPerThread=0", "-Dio.netty.allocator.numDirectArenas=0",
		"-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
		"-Dopensearch.path.home=" + s.home, "-Dopensearch.path.conf=" + filepath.Join(s.home, "config"),
		"-Dopensearch.distribution.type=zip", "-Dopensearch.bundled_jdk=false",
		"-cp", filepath.Join(s.home, "lib") + "/*", "org.opensearch.bootstrap.OpenSearch",
	}
}

func (s *Server) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/_cluster/health?wait_for_status=yellow&timeout=5s", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// said is the end of what the server printed.
func (s *Server) said() string {
	p, err := os.ReadFile(filepath.Join(s.root, "out.log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(p[max(0, len(p)-2000):]))
}

// Kill ends the process as a crash does. Launch starts it again over what it
// left.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // an ended one is as good
	<-s.gone
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	s.Kill()
	return os.RemoveAll(s.root)
}
