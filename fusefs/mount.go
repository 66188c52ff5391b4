package fusefs

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Server is a mount that is being served.
type Server struct {
	dir    string
	mount  *mount
	server *fuse.Server
	stop   context.CancelFunc
	served chan struct{}

	mu   sync.Mutex // of Unmount
	done bool
}

// How much the kernel asks at once.
const (
	maxRequest    = 1 << 20
	maxBackground = 32
	kernelAhead   = 1 << 10 // KiB that the kernel reads ahead, where it can be told
)

// Mount shows the snapshots of a vault in the directory dir, which must be
// empty, until Unmount or until somebody unmounts it. It returns when the
// mount can be used. ctx bounds the mounting only. What was left by a mount
// whose process is gone is taken away first. An error is a *TargetError where
// dir is at fault.
func Mount(ctx context.Context, dir string, v Vault, opts Options) (*Server, error) {
	dir, err := target(dir)
	if err != nil {
		return nil, err
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	m := newMount(base, v, opts, fuse.Owner{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())})
	if err := m.load(ctx); err != nil {
		stop()
		return nil, err
	}
	fs, err := fuse.NewServer(m, dir, m.mountOptions())
	if err != nil {
		stop()
		return nil, &TargetError{dir, fmt.Sprintf("can't be mounted on: %v; is FUSE there (package fuse3, device /dev/fuse)?", err)}
	}
	s := &Server{dir: dir, mount: m, server: fs, stop: stop, served: make(chan struct{})}
	go s.serve()
	raiseReadAhead(dir, kernelAhead)
	return s, nil
}

// load asks the vault for the first time.
func (m *mount) load(ctx context.Context) error {
	if m.opts.Versions == nil {
		return m.catalog.load(ctx)
	}
	ino := inoOf(inoRoot, "versions")
	past := newPastDir(m.opts.Versions, m.catalog, m.catalog.sub, ino, false)
	return m.catalog.load(ctx, entry{name: "versions", ino: ino, folder: past})
}

func (m *mount) mountOptions() *fuse.MountOptions {
	opts := &m.opts
	name := opts.Name
	if name == "" {
		name = "ivyvault"
	}
	o := &fuse.MountOptions{
		Name:                 "ivyvault",
		FsName:               name,
		MaxWrite:             maxRequest,
		MaxBackground:        maxBackground,
		EnableSymlinkCaching: true,
		DisableSplice:        true, // bytes come out of memory
		ExtraCapabilities:    fuse.CAP_NO_OPENDIR_SUPPORT,
		AllowOther:           opts.AllowOther,
		EnableAcl:            opts.AllowOther,
		Options:              []string{"ro", "nosuid", "nodev"},
		DirectMountFlags:     syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV,
		DirectMount:          os.Geteuid() == 0 && !opts.byProgram, // else, and where that fails, by fusermount3
		PanicHandler:         m.panicked,
	}
	if opts.AllowOther {
		o.Options = append(o.Options, "default_permissions")
	}
	return o
}

func (s *Server) serve() {
	defer close(s.served)
	s.server.Serve()
	s.stop()
	s.mount.catalog.stop()
}

// Dir returns the absolute path of the mount.
func (s *Server) Dir() string { return s.dir }

// Abort ends what requests wait for: those under way fail. It is for after
// Unmount, when the process shall end although the store does not answer.
func (s *Server) Abort() { s.stop() }

// Wait returns when the mount is gone and nothing is served any more.
func (s *Server) Wait() { <-s.served }

// Unmount takes the mount away. Where it is in use it vanishes from the tree
// at once, while those who use it may go on until this process ends; Wait then
// waits for them. Otherwise nothing is served any more when Unmount returns. It
// may be called again, and after somebody else has unmounted.
func (s *Server) Unmount() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.served:
		return nil
	default:
	}
	if s.done {
		return nil
	}
	err := unmount(s.dir, false)
	if err == nil {
		s.done = true
		<-s.served // soon: nobody uses the mount
		return nil
	}
	// In use. The kernel keeps the mount for its users until they leave it or
	// this process ends.
	if err := unmount(s.dir, true); err != nil {
		return err
	}
	s.done = true
	return nil
}
