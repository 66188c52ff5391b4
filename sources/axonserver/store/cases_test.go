package store_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

// copyOf returns the files below the context's directory, to be damaged.
type copyOf struct {
	t testing.TB
	fstest.MapFS
}

func (c copyOf) name(number int64, suffix string) string {
	return fmt.Sprintf("%s/%020d%s", axontest.RealStore, number, suffix)
}

func (c copyOf) data(number int64, suffix string) []byte {
	f := c.MapFS[c.name(number, suffix)]
	if f == nil {
		c.t.Fatalf("there is no %s", c.name(number, suffix))
	}
	return bytes.Clone(f.Data)
}

func (c copyOf) put(number int64, suffix string, data []byte) {
	c.MapFS[c.name(number, suffix)] = &fstest.MapFile{Data: data, Mode: 0o644}
}

func (c copyOf) drop(number int64, suffixes ...string) {
	for _, s := range suffixes {
		delete(c.MapFS, c.name(number, s))
	}
}

// dropAll removes all files with one of the suffixes.
func (c copyOf) dropAll(suffixes ...string) {
	for name := range c.MapFS {
		for _, s := range suffixes {
			if strings.HasSuffix(name, s) {
				delete(c.MapFS, name)
			}
		}
	}
}

func (c copyOf) dropSnapshots() { c.dropAll(".snapshots", ".sindex", ".sbloom") }

func (c copyOf) flip(number int64, at int) {
	data := c.data(number, ".events")
	data[at] ^= 0x20
	c.put(number, ".events", data)
}

// blocks returns the offsets of a segment's blocks, and of its end.
func blocks(data []byte) (list []int) {
	for at := 5; ; {
		list = append(list, at)
		size := int32(binary.BigEndian.Uint32(data[at:]))
		if size <= 0 {
			return list
		}
		at += int(size) + 11
	}
}

const (
	oldest     = 3045  // a closed segment in the middle: tokens 3045 to 3803
	lastClosed = 12166 // to 12924
	newest     = 12925 // open, to 12999
)

// The cases that were tried on a real server, as far as files show them. What
// the server did with each stands in doc/axonserver.md.
func TestCases(t *testing.T) {
	real := axontest.Real(t)
	open := real[path.Join(axontest.RealStore, axontest.RealOpen)].Data
	ends := blocks(open)
	lastBlock, end := ends[len(ends)-2], ends[len(ends)-1]
	for _, c := range []struct {
		name    string
		damage  func(c copyOf)
		file    string // of the first problem; "" where there is none
		offset  int64
		cause   string
		says    string // in the problem, or in a notice
		do      string
		last    int64
		problem int
	}{
		{name: "c1 full", damage: func(c copyOf) {}, last: 12999},
		{name: "c2 no open segment", damage: func(c copyOf) { c.drop(newest, ".events"); c.dropSnapshots() }, says: "no open segment follows: whatever was written behind token 12924", last: 12924},
		{name: "c2 with the snapshots of its events", damage: func(c copyOf) { c.drop(newest, ".events") },
			file: "165.snapshots", offset: 62426, cause: "ahead", says: `"order-002396" holds its state after event 9, and the aggregate has no event here`, do: "made before that of the events", last: 12924, problem: 2},
		{name: "c3 no open segment and no index", damage: func(c copyOf) { c.drop(newest, ".events"); c.dropSnapshots(); c.dropAll(".index", ".bloom") },
			says: "no segment of the events has its index", last: 12924},
		{name: "c4 open cut in a block", damage: func(c copyOf) { c.put(newest, ".events", c.data(newest, ".events")[:lastBlock+100]) },
			file: "12925.events", offset: int64(lastBlock), cause: "short", says: "ends before the block does", do: fmt.Sprintf("zeros from byte %d on", lastBlock), last: 12997, problem: 2},
		{name: "c5 garbage in an old closed one", damage: func(c copyOf) {
			data := c.data(oldest, ".events")
			copy(data[blocks(data)[100]:], bytes.Repeat([]byte{0xca, 0xfe}, 40))
			c.put(oldest, ".events", data)
		}, file: "3045.events", offset: -2, cause: "block", says: "which can't be", do: "take the segment from another backup", last: 12999, problem: 1},
		{name: "c6 middle segment gone", damage: func(c copyOf) { c.drop(oldest, ".events", ".index", ".bloom") },
			file: "3804.events", offset: -1, cause: "gap", says: "the tokens 3045 to 3803 are missing", do: "00000000000000003045.events", last: 12999, problem: 1},
		{name: "c7 one old index gone", damage: func(c copyOf) { c.drop(oldest, ".index") },
			file: "3045.events", offset: -1, cause: "index", says: "index is missing", do: "remove all index files", last: 12999, problem: 1},
		{name: "c8 open cut at a block's end", damage: func(c copyOf) { c.put(newest, ".events", c.data(newest, ".events")[:end]) },
			file: "12925.events", offset: int64(end), cause: "short", says: "without an end mark", do: fmt.Sprintf("zeros from byte %d on", end), last: 12999, problem: 1},
		{name: "c9 zeroed body in the open one", damage: func(c copyOf) {
			data := c.data(newest, ".events")
			clear(data[lastBlock+4 : end])
			c.put(newest, ".events", data)
		}, file: "12925.events", offset: int64(lastBlock), cause: "block", says: "version 0", do: "zeros from byte", last: 12997, problem: 2},
		{name: "c10 events copied before snapshots", damage: func(c copyOf) {
			snap := axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: "order-002393", Sequence: 20, Snapshot: true}}, axontest.Tx{{Aggregate: "order-9", Sequence: 3, Snapshot: true}})
			c.dropSnapshots()
			c.put(0, ".snapshots", snap[0].Data)
		}, file: "0.snapshots", offset: 16, cause: "ahead", says: `"order-002393" holds its state after event 20, and the aggregate has no event after `, do: "made before that of the events", last: 12999, problem: 2},
		{name: "c11 flipped byte in the newest closed one", damage: func(c copyOf) { c.flip(lastClosed, 5000) },
			file: "12166.events", offset: -2, cause: "checksum", says: "instead of", do: "never changes", last: 12999, problem: 1},
		{name: "c12 newest closed one gone", damage: func(c copyOf) { c.drop(lastClosed, ".events", ".index", ".bloom") },
			file: "12925.events", offset: -1, cause: "gap", says: "12166 to 12924 are missing", do: "00000000000000012166.events", last: 12999, problem: 1},
		{name: "c13 open cut behind its end mark", damage: func(c copyOf) { c.put(newest, ".events", c.data(newest, ".events")[:end+4]) }, last: 12999},
		{name: "c15 reopened without indexes", damage: func(c copyOf) {
			c.drop(newest, ".events")
			c.dropSnapshots()
			c.dropAll(".index", ".bloom")
			data := c.data(lastClosed, ".events")
			ends := blocks(data)
			end := ends[len(ends)-1]
			clear(data[end:])
			one := axontest.Write(axontest.Shape{SegmentSize: 1}, 12925, axontest.Tx{{Aggregate: "tiny"}})[0]
			copy(data[end:], one.Data[5:one.End])
			c.put(lastClosed, ".events", data)
		}, says: "no segment of the events has its index", last: 12925},
		{name: "c17 old closed one cut", damage: func(c copyOf) { c.put(oldest, ".events", c.data(oldest, ".events")[:100000]) },
			file: "3045.events", offset: -2, cause: "short", says: "ends before the block does", do: "take the segment from another backup", last: 12999, problem: 1},
		{name: "c18 c4 made safe", damage: func(c copyOf) {
			data := c.data(newest, ".events")[:lastBlock+100]
			sum, err := segment.Verify(t.Context(), bytes.NewReader(data), newest, make([]byte, 4096), segment.Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := segment.Trim(bytes.NewReader(data), sum, 262144)
			safe, err := io.ReadAll(r)
			if err != nil || len(safe) != 262144 {
				t.Fatal(len(safe), err)
			}
			c.put(newest, ".events", safe)
			c.dropSnapshots()
		}, last: 12997},
		{name: "c19 flipped byte in the open one", damage: func(c copyOf) { c.flip(newest, 200) },
			file: "12925.events", offset: 5, cause: "checksum", says: "instead of", do: "more than an unfinished write", last: 12924, problem: 1},
		{name: "c20 flipped payload byte in an old closed one", damage: func(c copyOf) { c.flip(770, 77777) },
			file: "770.events", offset: -2, cause: "checksum", says: "from token", do: "never changes", last: 12999, problem: 1},
		{name: "c21 torn page order", damage: func(c copyOf) { c.put(newest, ".events", real[axontest.TornOpen].Data) },
			file: "12925.events", offset: 16384, cause: "leftover", says: "not zero", do: "fill it with zeros from byte 13932 on", last: 12965, problem: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := copyOf{t, maps.Clone(real)}
			c.damage(files)
			r, err := store.Verify(t.Context(), files, store.Options{})
			if err != nil || len(r.Contexts) != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			x := r.Contexts[0]
			if len(x.Problems) != c.problem || r.Damaged != (c.problem > 0) {
				t.Fatalf("%d problems: %+v", len(x.Problems), x.Problems)
			}
			if x.Events.Last != c.last {
				t.Errorf("the last token is %d, want %d", x.Events.Last, c.last)
			}
			if c.problem == 0 {
				if all := strings.Join(x.Notices, "\n"); c.says == "" && all != "" || !strings.Contains(all, c.says) {
					t.Errorf("notices %q, want %q", all, c.says)
				}
				return
			}
			p := x.Problems[0]
			if !strings.HasSuffix(p.File, c.file) || p.Cause != c.cause || c.offset != -2 && p.Offset != c.offset || !strings.Contains(p.What, c.says) || !strings.Contains(p.Do, c.do) {
				t.Errorf("%+v", p)
			}
			t.Logf("%s: %s: %s", p.Cause, &p, p.Do)
		})
	}
}

// What is said of the real store.
func TestRealStore(t *testing.T) {
	r, err := store.Verify(t.Context(), axontest.Real(t), store.Options{Readers: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := store.ContextReport{Context: "default",
		Events:    store.SeriesReport{Segments: 18, Closed: 17, Indexed: 17, Bytes: 18 * 262144, Events: 13000, First: 0, Last: 12999, Open: axontest.RealOpen},
		Snapshots: store.SeriesReport{Segments: 2, Closed: 1, Indexed: 1, Bytes: 2 * 65536, Events: r.Contexts[0].Snapshots.Events, First: 0, Last: r.Contexts[0].Snapshots.Events - 1, Open: "00000000000000000165.snapshots"},
		Compared:  r.Contexts[0].Compared, Problems: []store.Problem{}, Notices: []string{}}
	if fmt.Sprintf("%+v", r.Contexts[0]) != fmt.Sprintf("%+v", want) || r.Damaged || want.Compared == 0 || want.Snapshots.Events <= 165 {
		t.Errorf("%+v\nwant %+v", r.Contexts[0], want)
	}
}
