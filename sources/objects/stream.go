package objects

import (
	"context"
	"iter"
	"strings"
)

// stream is a listing that can be looked ahead in and taken back.
type stream struct {
	again []Object // comes before the rest, in order
	one   [1]Object
	next  func() (Object, error, bool)
	stop  func()
	skip  string // keys with this prefix are passed over; "" is none
	last  string // the newest key of the listing itself
	begun bool
	late  func(Object) error // is given what comes out of order
}

func open(ctx context.Context, b Bucket, prefix string, late func(Object) error) *stream {
	next, stop := iter.Pull2(b.List(ctx, prefix, 0))
	return &stream{next: next, stop: stop, late: late}
}

// peek returns the next object without taking it; false at the end.
func (s *stream) peek() (*Object, bool, error) {
	for {
		if len(s.again) == 0 {
			o, err, ok := s.next()
			switch {
			case err != nil || !ok:
				return nil, false, err
			case s.begun && o.Key == s.last:
				continue
			case s.begun && o.Key < s.last:
				if err := s.late(o); err != nil {
					return nil, false, err
				}
				continue
			}
			s.last, s.begun = o.Key, true
			s.one[0] = o
			s.again = s.one[:]
		}
		if s.skip == "" || !strings.HasPrefix(s.again[0].Key, s.skip) {
			return &s.again[0], true, nil
		}
		s.take()
	}
}

// take removes what peek returned.
func (s *stream) take() { s.again = s.again[1:] }

// unread gives objects back that came before all that is left.
func (s *stream) unread(list []Object) {
	s.again = append(list[:len(list):len(list)], s.again...)
}
