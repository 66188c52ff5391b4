package fusefs

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
	"ivyvault/repo/tree"
)

// plain gets chunks out of a map without verifying them: what is measured is
// the mount.
type plain struct{ m map[chunk.Ref][]byte }

var (
	_ chunk.Getter = (*plain)(nil)
	_ chunk.Putter = (*plain)(nil)
)

func (p *plain) Put(_ context.Context, kind chunk.Kind, b []byte) (chunk.Ref, error) {
	ref, _ := benchKeys.Name(kind, b, nil)
	p.m[ref] = slices.Clone(b)
	return ref, nil
}

func (p *plain) Get(_ context.Context, ref chunk.Ref) ([]byte, error) { return p.m[ref], nil }

func (p *plain) GetRange(_ context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	return slices.Clone(p.m[ref][off : off+n]), nil // as decoding would, it makes new bytes
}

var benchKeys = chunk.NewKeys([32]byte{9})

func benchOptions(b testing.TB, p *plain) Options {
	cached := chunk.NewCached(p, 64<<20)
	b.Cleanup(cached.Close)
	return Options{Tree: tree.NewReader(cached, benchKeys.ContentHash, 16<<20), Chunks: cached}
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// manyFiles makes dirs directories of per files each, of about a kilobyte, put
// together in bundles.
func manyFiles(b testing.TB, p *plain, dirs, per int) chunk.Ref {
	ctx := context.Background()
	var jobs []func(context.Context)
	bundler := tree.NewBundler(p, func(job func(context.Context)) { jobs = append(jobs, job) })
	top := tree.NewDirWriter(p, tree.Cut{})
	data := text(3000)
	for d := range dirs {
		waiting := make([]tree.Pending, per)
		for i := range waiting {
			body := fmt.Appendf(nil, "%d %d %s", d, i, data[:100+(i*37)%2900])
			waiting[i] = bundler.Add(body, benchKeys.ContentHash(body))
		}
		bundler.Flush()
		for _, job := range jobs {
			job(ctx)
		}
		jobs = jobs[:0]
		w := tree.NewDirWriter(p, tree.Cut{})
		for i := range waiting {
			n := meta(fmt.Sprintf("document-%07d.xml", i), tree.File, 0o644)
			n.Inode = uint64(d*per + i)
			n.Size = uint64(len(fmt.Sprintf("%d %d ", d, i)) + 100 + (i*37)%2900)
			var err error
			n.Content, err = waiting[i].Wait(ctx)
			must(b, err)
			must(b, w.Add(ctx, &n))
		}
		sub := meta(fmt.Sprintf("directory-%04d", d), tree.Dir, 0o755)
		var err error
		sub.Tree, err = w.Close(ctx)
		must(b, err)
		must(b, top.Add(ctx, &sub))
	}
	ref, err := top.Close(ctx)
	must(b, err)
	return ref
}

// BenchmarkFind lists everything with a stat of each, on a new mount.
func BenchmarkFind(b *testing.B) {
	for _, c := range []struct {
		name      string
		dirs, per int
	}{{"200000in2000", 2000, 100}, {"1000000in1", 1, 1000000}} {
		p := &plain{m: make(map[chunk.Ref][]byte)}
		root := manyFiles(b, p, c.dirs, c.per)
		for _, how := range [][]string{{"-name", "nothing"}, {"-size", "+100M"}} {
			b.Run(c.name+"/"+how[0], func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					s, dir := up(b, &vaultMem{list: []Snapshot{snap(1, day, "h", root)}}, benchOptions(b, p))
					b.StartTimer()
					start := time.Now()
					out, err := exec.Command("sh", "-c", "ls -f "+in(dir)+"/* | head -n 3").CombinedOutput()
					first := time.Since(start)
					if err != nil {
						b.Fatalf("%v: %s", err, out)
					}
					if out, err := exec.Command("find", append([]string{in(dir)}, how...)...).CombinedOutput(); err != nil {
						b.Fatalf("%v: %s", err, out)
					}
					b.StopTimer()
					b.ReportMetric(float64(first.Microseconds())/1000, "ms-first")
					must(b, s.Unmount())
					b.StartTimer()
				}
			})
		}
	}
}

// rssAnon returns how much memory of its own the process has.
func rssAnon(b testing.TB) (bytes int64) {
	text, err := os.ReadFile("/proc/self/status")
	must(b, err)
	for _, line := range strings.Split(string(text), "\n") {
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	return 0
}

func longFile(b testing.TB, p *plain, size int) chunk.Ref {
	ctx := context.Background()
	w := tree.NewListWriter(p)
	block := chunktest.Noise(1, 1<<20)
	for i := range size >> 20 {
		block[0], block[1] = byte(i), byte(i>>8)
		ref, err := p.Put(ctx, chunk.Data, block)
		must(b, err)
		must(b, w.AddChunk(ctx, ref))
	}
	n := meta("long", tree.File, 0o644)
	var err error
	n.Content, n.Size, err = w.Close(ctx)
	must(b, err)
	d := tree.NewDirWriter(p, tree.Cut{})
	must(b, d.Add(ctx, &n))
	ref, err := d.Close(ctx)
	must(b, err)
	return ref
}

const longSize = 512 << 20

// BenchmarkSequential reads a long file from its beginning to its end.
func BenchmarkSequential(b *testing.B) {
	p := &plain{m: make(map[chunk.Ref][]byte)}
	root := longFile(b, p, longSize)
	for _, kib := range []int{128, 256, 512, 1024} {
		b.Run(fmt.Sprintf("kernel-ahead-%dK", kib), func(b *testing.B) {
			b.SetBytes(longSize)
			for b.Loop() {
				b.StopTimer()
				s, dir := up(b, &vaultMem{list: []Snapshot{snap(1, day, "h", root)}}, benchOptions(b, p))
				raiseReadAhead(dir, kib)
				b.StartTimer()
				drain(b, in(dir, "long"))
				b.StopTimer()
				must(b, s.Unmount())
				b.StartTimer()
			}
		})
	}
	b.Run("constant", func(b *testing.B) {
		b.SetBytes(longSize)
		for b.Loop() {
			b.StopTimer()
			s, dir := upConstant(b, 1, longSize)
			raiseReadAhead(dir, kernelAhead)
			b.StartTimer()
			drain(b, filepath.Join(dir, "f0"))
			b.StopTimer()
			must(b, s.Unmount())
			b.StartTimer()
		}
	})
}

func drain(b testing.TB, path string) {
	f, err := os.Open(path)
	must(b, err)
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	must(b, err)
}

// BenchmarkRandom reads four kilobytes at random places of a cold file.
func BenchmarkRandom(b *testing.B) {
	p := &plain{m: make(map[chunk.Ref][]byte)}
	root := longFile(b, p, longSize)
	_, dir := up(b, &vaultMem{list: []Snapshot{snap(1, day, "h", root)}}, benchOptions(b, p))
	f, err := os.Open(in(dir, "long"))
	must(b, err)
	defer f.Close()
	r := rand.New(rand.NewPCG(1, 1))
	var took []time.Duration
	buf := make([]byte, 4096)
	for b.Loop() {
		at := r.Int64N(longSize/4096) * 4096
		start := time.Now()
		_, err := f.ReadAt(buf, at)
		took = append(took, time.Since(start))
		must(b, err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}

// BenchmarkSmallFiles opens, reads and closes small files, one after another.
func BenchmarkSmallFiles(b *testing.B) {
	const files = 20000
	p := &plain{m: make(map[chunk.Ref][]byte)}
	root := manyFiles(b, p, 20, files/20)
	readAll := func(b *testing.B, readers int, path func(i int) string) {
		var wg sync.WaitGroup
		for r := range readers {
			wg.Go(func() {
				buf := make([]byte, 8192)
				for i := r; i < files; i += readers {
					fd, err := syscall.Open(path(i), syscall.O_RDONLY, 0)
					if err != nil {
						b.Error(err)
						return
					}
					if n, err := syscall.Read(fd, buf); err != nil || n == 0 {
						b.Error(n, err)
					}
					syscall.Close(fd)
				}
			})
		}
		wg.Wait()
	}
	for _, readers := range []int{1, 8} {
		b.Run(fmt.Sprintf("readers-%d", readers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, dir := up(b, &vaultMem{list: []Snapshot{snap(1, day, "h", root)}}, benchOptions(b, p))
				b.StartTimer()
				readAll(b, readers, func(i int) string {
					return in(dir, fmt.Sprintf("directory-%04d/document-%07d.xml", i/(files/20), i%(files/20)))
				})
				b.StopTimer()
				must(b, s.Unmount())
				b.StartTimer()
			}
			b.ReportMetric(files*float64(b.N)/b.Elapsed().Seconds(), "files/s")
		})
		b.Run(fmt.Sprintf("constant-%d", readers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, dir := upConstant(b, files, 1500)
				b.StartTimer()
				readAll(b, readers, func(i int) string { return filepath.Join(dir, fmt.Sprintf("f%d", i)) })
				b.StopTimer()
				must(b, s.Unmount())
				b.StartTimer()
			}
			b.ReportMetric(files*float64(b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// BenchmarkSmallFilesPaired opens, reads and closes a file here and one of the
// constant file system in turn, so that a busy machine slows down both.
func BenchmarkSmallFilesPaired(b *testing.B) {
	const files = 20000
	p := &plain{m: make(map[chunk.Ref][]byte)}
	_, dir := up(b, &vaultMem{list: []Snapshot{snap(1, day, "h", manyFiles(b, p, 20, files/20))}}, benchOptions(b, p))
	s, other := upConstant(b, files, 1500)
	b.Cleanup(func() { must(b, s.Unmount()) })
	buf := make([]byte, 8192)
	use := func(path string) time.Duration {
		start := time.Now()
		fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
		must(b, err)
		_, err = syscall.Read(fd, buf)
		syscall.Close(fd)
		must(b, err)
		return time.Since(start)
	}
	var here, there time.Duration
	for n := 0; b.Loop() && n < files; n++ {
		here += use(in(dir, fmt.Sprintf("directory-%04d/document-%07d.xml", n/(files/20), n%(files/20))))
		there += use(filepath.Join(other, fmt.Sprintf("f%d", n)))
	}
	b.ReportMetric(100*there.Seconds()/here.Seconds(), "%-of-constant")
}

// BenchmarkFirstListing mounts a vault of a thousand snapshots and lists them.
func BenchmarkFirstListing(b *testing.B) {
	p := &plain{m: make(map[chunk.Ref][]byte)}
	root := manyFiles(b, p, 1, 1)
	v := &vaultMem{}
	for i := range 1000 {
		s := snap(byte(i), day.Add(time.Duration(i)*time.Hour), fmt.Sprint("host", i%10), root, fmt.Sprint("tag", i%7))
		s.ID[9] = byte(i >> 8)
		v.list = append(v.list, s)
	}
	for b.Loop() {
		b.StopTimer()
		dir, opts := b.TempDir(), benchOptions(b, p)
		b.StartTimer()
		s, err := Mount(context.Background(), dir, v, opts)
		must(b, err)
		out, err := exec.Command("ls", "-U", filepath.Join(dir, "snapshots")).Output()
		must(b, err)
		b.StopTimer()
		if n := strings.Count(string(out), "\n"); n != 1001 {
			b.Fatalf("%d names", n)
		}
		must(b, s.Unmount())
		b.StartTimer()
	}
}

// constant is a file system of equal files that answers out of nothing.
type constant struct {
	fuse.RawFileSystem
	size uint64
	data []byte
}

func upConstant(b testing.TB, files, size int) (*fuse.Server, string) {
	needFuse(b)
	c := &constant{RawFileSystem: fuse.NewDefaultRawFileSystem(), size: uint64(size), data: make([]byte, 1<<20)}
	dir := b.TempDir()
	o := newMount(context.Background(), &vaultMem{}, Options{}, fuse.Owner{}).mountOptions()
	s, err := fuse.NewServer(c, dir, o)
	must(b, err)
	go s.Serve()
	must(b, s.WaitMount())
	return s, dir
}

func (c *constant) attr(a *fuse.Attr, id uint64) {
	*a = fuse.Attr{Ino: id, Mode: fuse.S_IFREG | 0o644, Nlink: 1, Size: c.size, Blksize: blockSize}
	if id == fuse.FUSE_ROOT_ID {
		a.Mode = fuse.S_IFDIR | 0o755
	}
}

func (c *constant) Lookup(_ <-chan struct{}, _ *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	var i uint64
	if _, err := fmt.Sscanf(name, "f%d", &i); err != nil {
		return fuse.ENOENT
	}
	out.NodeId = i + 2
	c.attr(&out.Attr, out.NodeId)
	out.SetEntryTimeout(forever)
	out.SetAttrTimeout(forever)
	return fuse.OK
}

func (c *constant) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	c.attr(&out.Attr, in.NodeId)
	out.SetTimeout(forever)
	return fuse.OK
}

func (c *constant) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.ENOSYS }

func (c *constant) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

func (c *constant) Read(_ <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	n := min(uint64(in.Size), c.size-min(c.size, in.Offset))
	return fuse.ReadResultData(c.data[:n]), fuse.OK
}
