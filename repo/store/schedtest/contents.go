package schedtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// op is an operation that waits for its turn.
type op struct {
	kind   string
	name   store.Name // of a list: its Type only
	off, n int64
	data   []byte
}

func (o *op) is(p *op) bool {
	return o.kind == p.kind && o.name == p.name && o.off == p.off && o.n == p.n && bytes.Equal(o.data, p.data)
}

// blind reports whether the operation always gets the same answer.
func (o *op) blind() bool { return o.kind == "remove" || o.kind == "overwrite" }

// answer is what a process got for an operation.
type answer struct {
	made  bool
	data  []byte
	infos []store.Info
	err   error
	words string // for people
}

// object is a name with what stands under it, both by number.
type object struct{ name, data uint32 }

// contents is one state of the store. It never changes.
type contents struct {
	objects []object // by name
	m       *mem.Store
	steps   map[uint32]step // by operation
}

// step is what an operation does to contents.
type step struct {
	answer uint32
	to     uint32 // contents
	alone  bool   // see World.Independent
}

// numbers gives each distinct value a number, from 0 on.
type numbers[K comparable] struct {
	of  map[K]uint32
	all []K
}

func (n *numbers[K]) number(k K) (number uint32, known bool) {
	if number, known = n.of[k]; known {
		return number, true
	}
	if n.of == nil {
		n.of = map[K]uint32{}
	}
	number = uint32(len(n.all))
	n.of[k] = number
	n.all = append(n.all, k)
	return number, false
}

// opKey is an op by numbers.
type opKey struct {
	kind   string
	name   uint32
	off, n int64
	data   uint32
}

// media holds all contents that the store had so far, each once, and what
// each operation that met them did.
type media struct {
	names    numbers[store.Name]
	datas    numbers[string]
	ops      numbers[opKey]
	allOps   []*op
	keys     numbers[string] // of answers
	answers  []answer
	stores   numbers[string] // encoded objects
	contents []*contents
}

// add returns the number of the contents that hold these objects.
func (d *media) add(objects []object, make func() *mem.Store) uint32 {
	key := encode(objects)
	n, known := d.stores.number(key)
	if !known {
		d.contents = append(d.contents, &contents{objects: objects, m: make(), steps: map[uint32]step{}})
	}
	return n
}

func encode(objects []object) string {
	b := make([]byte, 0, 8*len(objects))
	for _, o := range objects {
		b = binary.LittleEndian.AppendUint32(b, o.name)
		b = binary.LittleEndian.AppendUint32(b, o.data)
	}
	return string(b)
}

func (d *media) number(o *op) uint32 {
	k := opKey{kind: o.kind, off: o.off, n: o.n}
	k.name, _ = d.names.number(o.name)
	k.data, _ = d.datas.number(string(o.data))
	n, known := d.ops.number(k)
	if !known {
		d.allOps = append(d.allOps, o)
	}
	return n
}

func (d *media) answer(key string, a answer) uint32 {
	n, known := d.keys.number(key)
	if !known {
		d.answers = append(d.answers, a)
	}
	return n
}

// done is the answer to blind operations.
func (d *media) done() uint32 { return d.answer("done", answer{words: "done"}) }

// do returns what the operation does to contents c.
func (d *media) do(c uint32, o *op) step {
	here := d.contents[c]
	name, _ := d.names.number(o.name)
	i, there := slices.BinarySearchFunc(here.objects, name, func(x object, n uint32) int { return int(x.name) - int(n) })
	change := func(with ...object) uint32 {
		end := i
		if there {
			end++
		}
		return d.add(slices.Concat(here.objects[:i], with, here.objects[end:]), func() *mem.Store {
			m := here.m.Clone()
			if len(with) > 0 {
				m.Replace(o.name, o.data)
			} else {
				m.Remove(context.Background(), o.name)
			}
			return m
		})
	}
	put := func() uint32 {
		data, _ := d.datas.number(string(o.data))
		return change(object{name, data})
	}
	switch {
	case o.kind == "put" && there:
		return step{answer: d.answer("put no", answer{words: "was there"}), to: c}
	case o.kind == "put":
		return step{answer: d.answer("put", answer{made: true, words: "made"}), to: put()}
	case o.kind == "overwrite":
		return step{answer: d.done(), to: put()}
	case o.kind == "remove":
		to := c
		if there {
			to = change()
		}
		return step{answer: d.done(), to: to}
	case o.kind == "list":
		// In the order in which the names first came up: those that are drawn at
		// random must not decide it.
		a := answer{words: "done"}
		key := []byte("list")
		for _, x := range here.objects {
			if n := d.names.all[x.name]; n.Type == o.name.Type {
				a.infos = append(a.infos, store.Info{Name: n, Size: int64(len(d.datas.all[x.data]))})
				key = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(key, x.name), x.data)
			}
		}
		return step{answer: d.answer(string(key), a), to: c}
	}
	data, err := here.m.Get(context.Background(), o.name, o.off, o.n)
	switch {
	case err == nil:
		return step{answer: d.answer("get"+string(data), answer{data: data, words: "there"}), to: c}
	case errors.Is(err, store.ErrNotExist):
		return step{answer: d.answer("absent "+o.name.String(), answer{err: err, words: "absent"}), to: c}
	}
	return step{answer: d.answer("failed "+err.Error(), answer{err: err, words: err.Error()}), to: c}
}
