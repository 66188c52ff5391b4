package objects

import (
	"context"
	"slices"
	"strings"

	"ivyvault/sources"
)

// A server lists keys by their bytes: "a", "a-b", "a/c". The walk of a tree
// goes into the folder "a" before it comes to "a-b", and must know at "a"
// whether that is a folder, too. A sorter turns one order into the other in one
// pass over the listing. What moves is only this: where a key has one of the 47
// bytes below '/' behind some beginning p, the folder p, if there is one, comes
// later in the listing but earlier in the walk. So a key is held back, and what
// follows it with the same p, until the listing comes to "p/" or goes past it.
// That is soon, mostly. Where more than most keys are held, the server is asked
// once whether there is a folder p: then either it is listed by itself at
// once, and passed over later, or nothing of p is waited for any more.
type sorter struct {
	ctx    context.Context
	bucket Bucket
	most   int
	out    func(path string, o Object) error

	held  int    // by all runs
	last  string // path given to out last
	later []moved
	odd   []strange
}

// moved is something that stands further back than its key says, because its
// name had to be marked: one object, or a folder to be listed by itself.
type moved struct {
	path   string
	object Object
	prefix string
}

// strange is an object that goes below unusual, or a prefix all of which does.
type strange struct {
	object Object
	prefix bool
}

// mostStrange bounds what is remembered for unusual.
const mostStrange = 1_000_000

// fold is a beginning of keys of which it is known whether it is a folder.
type fold struct {
	p     string
	there bool
}

// prefix walks all keys that begin with prefix, which lie in the folder base.
func (w *sorter) prefix(prefix, base string) error {
	s := open(w.ctx, w.bucket, prefix, w.strange)
	defer s.stop()
	return w.run(s, base)
}

// run walks what comes next of a listing, as long as it lies in the folder base.
func (w *sorter) run(s *stream, base string) error {
	var held []Object // all begin with group
	var group string
	var known []fold // each a beginning of the next
	for {
		o, ok, err := s.peek()
		if err != nil {
			return err
		}
		ok = ok && strings.HasPrefix(o.Key, base)
		if len(held) > 0 && (!ok || !before(o.Key, group)) {
			w.held -= len(held)
			if ok && strings.HasPrefix(o.Key, group+"/") {
				held = w.shift(held, group)
				w.held += len(held)
				err = w.run(s, group+"/")
				w.held -= len(held)
			}
			if err == nil {
				err = w.flush(held)
			}
			if err != nil {
				return err
			}
			held = nil
			continue // what comes next is another object now, perhaps
		}
		if !ok {
			return nil
		}
		y := *o
		s.take()
		for len(known) > 0 && !known[len(known)-1].covers(y.Key) {
			known = known[:len(known)-1]
		}
		var done string
		if n := len(known); n > 0 {
			done = known[n-1].p
			if strings.HasPrefix(y.Key, done+"/") {
				if !known[n-1].there { // it was made since the server was asked
					err = w.strange(y)
				}
				if err != nil {
					return err
				}
				continue
			}
			if y.Key == done { // nothing can come before it any more
				if err := w.give(path(y.Key, false), y); err != nil {
					return err
				}
				continue
			}
		}
		if away, err := w.aside(s, y, base); err != nil {
			return err
		} else if away {
			continue
		}
		if len(held) == 0 {
			group = beginning(y.Key, max(len(done), len(base)))
		}
		held = append(held, y)
		if w.held++; len(held) <= max(w.most-(w.held-len(held)), w.most/16) {
			continue
		}
		there, err := w.exists(group + "/")
		if err != nil {
			return err
		}
		known = append(known, fold{group, there})
		w.held -= len(held)
		if there {
			held = w.shift(held, group)
			w.held += len(held)
			err = w.prefix(group+"/", group+"/")
			w.held -= len(held)
			if err != nil {
				return err
			}
		}
		s.unread(held)
		held = nil
	}
}

// covers reports whether a key is p, in the folder p, or before it.
func (f fold) covers(key string) bool {
	return strings.HasPrefix(key, f.p) && (len(key) == len(f.p) || key[len(f.p)] <= '/')
}

// before reports whether a key begins with p and goes on with a byte below '/'.
func before(key, p string) bool {
	return len(key) > len(p) && key[len(p)] < '/' && strings.HasPrefix(key, p)
}

// beginning returns the shortest beginning of a key, longer than known, that
// could be a folder which comes later; that is the key itself at last.
func beginning(key string, known int) string {
	part := strings.LastIndexByte(key[:known], '/') + 1 // where the part of key begins
	for i := known + 1; i < len(key); i++ {
		if key[i-1] == '/' {
			part = i
		}
		if i > part && key[i] < '/' && !special(key[part:i]) && tame(key[part:i], false) {
			return key[:i]
		}
	}
	return key
}

// aside takes care of what doesn't stand where its key says.
func (w *sorter) aside(s *stream, o Object, base string) (bool, error) {
	if pre := wild(o.Key, len(base)); pre == o.Key {
		return true, w.strange(o)
	} else if pre != "" {
		s.skip = pre
		return true, w.add(strange{Object{Key: pre}, true})
	}
	for at := len(base); ; {
		n := strings.IndexByte(o.Key[at:], '/')
		if n < 0 {
			if !special(o.Key[at:]) {
				return false, nil
			}
			w.move(moved{path: path(o.Key, false), object: o})
			return true, nil
		}
		if special(o.Key[at : at+n]) {
			s.skip = o.Key[:at+n+1]
			w.move(moved{path: folder(s.skip), prefix: s.skip})
			return true, nil
		}
		at += n + 1
	}
}

// shift moves the object that has the name of a folder, which can only be the
// first of those that are held.
func (w *sorter) shift(held []Object, group string) []Object {
	if len(held) > 0 && held[0].Key == group {
		w.move(moved{path: path(group, true), object: held[0]})
		return held[1:]
	}
	return held
}

// flush gives out what was held, in the order of the walk.
func (w *sorter) flush(held []Object) error {
	slices.SortFunc(held, func(a, b Object) int { return sources.Compare(a.Key, b.Key) })
	for i := range held {
		if i+1 < len(held) && strings.HasPrefix(held[i+1].Key, held[i].Key+"/") {
			w.move(moved{path: path(held[i].Key, true), object: held[i]})
		} else if err := w.give(path(held[i].Key, false), held[i]); err != nil {
			return err
		}
	}
	return nil
}

// exists asks whether any key begins so.
func (w *sorter) exists(prefix string) (bool, error) {
	for _, err := range w.bucket.List(w.ctx, prefix, 1) {
		return err == nil, err
	}
	return false, nil
}

func (w *sorter) move(m moved) {
	i, _ := slices.BinarySearchFunc(w.later, m.path, func(a moved, p string) int { return sources.Compare(a.path, p) })
	w.later = slices.Insert(w.later, i, m)
}

// give gives out an object, and before it all that was moved and stands before it.
func (w *sorter) give(path string, o Object) error {
	if err := w.upTo(path); err != nil {
		return err
	}
	if w.last != "" && sources.Compare(w.last, path) >= 0 {
		return w.strange(o)
	}
	w.last = path
	return w.out(path, o)
}

// upTo gives out what was moved and stands before a path; "" is all.
func (w *sorter) upTo(path string) error {
	for len(w.later) > 0 && (path == "" || sources.Compare(w.later[0].path, path) < 0) {
		m := w.later[0]
		w.later = w.later[1:]
		var err error
		if m.prefix != "" {
			err = w.prefix(m.prefix, m.prefix)
		} else {
			err = w.give(m.path, m.object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *sorter) strange(o Object) error { return w.add(strange{o, false}) }

func (w *sorter) add(s strange) error {
	if len(w.odd) >= mostStrange {
		return &DisorderError{mostStrange}
	}
	w.odd = append(w.odd, s)
	return nil
}
