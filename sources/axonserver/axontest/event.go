package axontest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// Event is one event or snapshot.
type Event struct {
	Aggregate string // "" for an event that belongs to none
	Sequence  int64
	Payload   []byte // nil is made up
	MetaData  map[string]string
	Snapshot  bool
}

// Bytes returns the message as it is stored, for the event that has the token.
func (e Event) Bytes(token int64) []byte {
	var m message
	m.text(1, fmt.Sprintf("m-%d", token))
	m.text(2, e.Aggregate)
	m.number(3, e.Sequence)
	if e.Aggregate != "" {
		m.text(4, "Order")
	}
	m.number(5, 1795262400000+token)
	payload := e.Payload
	if payload == nil {
		payload = fmt.Appendf(nil, `{"token":%d,"pad":"%s"}`, token, bytes.Repeat([]byte("x"), int(token%97)))
	}
	var object message
	object.text(1, "com.example.Happened")
	object.text(2, "1")
	object.text(3, string(payload))
	m.text(6, object.String())
	var keys []string
	for k := range e.MetaData {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		var value, entry message
		value.text(1, e.MetaData[k])
		entry.text(1, k)
		entry.text(2, value.String())
		m.text(7, entry.String())
	}
	if e.Snapshot {
		m.number(8, 1)
	}
	return m.Bytes()
}

// message collects the fields of a protobuf message; zero values are left out.
type message struct{ bytes.Buffer }

func (m *message) varint(n uint64) { m.Write(binary.AppendUvarint(nil, n)) }

func (m *message) text(field uint64, s string) {
	if s == "" {
		return
	}
	m.varint(field<<3 | 2)
	m.varint(uint64(len(s)))
	m.WriteString(s)
}

func (m *message) number(field uint64, n int64) {
	if n == 0 {
		return
	}
	m.varint(field << 3)
	m.varint(uint64(n))
}
