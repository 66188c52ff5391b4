package systems

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate stands before a server and passes everything on, until a trap springs:
// then what runs through it is held still, at a place that the test knows, for
// as long as the test wants.
type gate struct {
	addr string // host:port where it listens
	to   string

	mu    sync.Mutex
	trap  *trap
	conns map[net.Conn]bool
}

// trap says what springs it: so many bytes of answers, or a word in a request.
type trap struct {
	answers int64
	word    []byte
	// every has answers counted on all connections, and all of them held, not
	// only the one that sprang it.
	every bool

	seen    atomic.Int64
	sprung  chan struct{}
	release chan struct{}
	once    sync.Once
	opened  sync.Once
}

// newGate makes a gate before host:port; it ends with the test.
func newGate(t *testing.T, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	g := &gate{addr: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		l.Close()
		g.open()
		g.mu.Lock()
		defer g.mu.Unlock()
		for c := range g.conns {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.serve(c)
		}
	}()
	return g
}

func (g *gate) serve(client net.Conn) {
	server, err := net.Dial("tcp", g.to)
	if err != nil {
		client.Close()
		return
	}
	// Small buffers, so that what a server has not been let send is still in it.
	_ = server.(*net.TCPConn).SetReadBuffer(32 << 10)
	_ = client.(*net.TCPConn).SetWriteBuffer(32 << 10)
	g.mu.Lock()
	g.conns[client], g.conns[server] = true, true
	g.mu.Unlock()
	go g.pass(client, server, false)
	g.pass(server, client, true)
}

// pass copies one direction until either side ends, then ends both.
func (g *gate) pass(from, to net.Conn, answers bool) {
	defer from.Close()
	defer to.Close()
	var last *trap
	var seen int64
	var tail []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if tr := g.set(); tr != nil {
			if tr != last {
				last, seen, tail = tr, 0, nil
			}
			mine := false
			if answers && tr.answers > 0 {
				seen += int64(n)
				all := tr.seen.Add(int64(n))
				mine = seen >= tr.answers || tr.every && all >= tr.answers
			}
			if !answers && tr.word != nil {
				tail = append(tail, buf[:n]...)
				mine = bytes.Contains(tail, tr.word)
			}
			if mine {
				tr.spring()
			}
			if mine || tr.every && tr.has() {
				<-tr.release
			}
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (g *gate) set() *trap {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.trap
}

// arm sets a trap for what comes from now on.
func (g *gate) arm(own *trap) *trap {
	g.open()
	own.sprung, own.release = make(chan struct{}), make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap = own
	return own
}

// open takes the trap away: all runs on.
func (g *gate) open() {
	g.mu.Lock()
	tr := g.trap
	g.trap = nil
	g.mu.Unlock()
	if tr != nil {
		tr.opened.Do(func() { close(tr.release) })
	}
}

func (tr *trap) spring() { tr.once.Do(func() { close(tr.sprung) }) }

func (tr *trap) has() bool {
	select {
	case <-tr.sprung:
		return true
	default:
		return false
	}
}

// caught waits until the process is held still.
func (tr *trap) caught(t *testing.T, p *process) {
	t.Helper()
	select {
	case <-tr.sprung:
	case <-p.gone:
		t.Fatalf("it ended before it was held still: %s", p.end)
	case <-time.After(patience):
		t.Fatal("it was never held still")
	}
}
