package segment

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is a decoded event or snapshot.
type Event struct {
	ID            string
	Aggregate     string // "" where the event doesn't belong to an aggregate
	Sequence      int64  // of the event in its aggregate; of a snapshot, of the last event in it
	AggregateType string
	Timestamp     int64 // milliseconds since 1970
	Payload       Object
	// MetaData holds string, int64, bool, float64, Object, or nil where a value
	// has none.
	MetaData map[string]any
	Snapshot bool
}

// Object is something serialized: how, and the bytes.
type Object struct {
	Type     string
	Revision string
	Data     []byte
}

// The fields of the message.
const (
	fieldID            = 1
	fieldAggregate     = 2
	fieldSequence      = 3
	fieldAggregateType = 4
	fieldTimestamp     = 5
	fieldPayload       = 6
	fieldMetaData      = 7
	fieldSnapshot      = 8
)

// Decode decodes an event. Fields that it doesn't know are left out. The result
// shares the bytes of p.
func Decode(p []byte) (Event, error) {
	var e Event
	err := eachField(p, func(f field) (err error) {
		switch f.number {
		case fieldID:
			e.ID = string(f.bytes)
		case fieldAggregate:
			e.Aggregate = string(f.bytes)
		case fieldSequence:
			e.Sequence = int64(f.value)
		case fieldAggregateType:
			e.AggregateType = string(f.bytes)
		case fieldTimestamp:
			e.Timestamp = int64(f.value)
		case fieldPayload:
			e.Payload, err = decodeObject(f.bytes)
		case fieldMetaData:
			err = e.decodeMetaData(f.bytes)
		case fieldSnapshot:
			e.Snapshot = f.value != 0
		}
		return err
	})
	return e, err
}

// Head returns what an event says about its aggregate, without a copy, and looks
// no further than it must: servers write these fields before the payload. An
// event that was cut behind them is no error.
func Head(p []byte) (aggregate []byte, sequence int64, err error) {
	for len(p) > 0 {
		number, _, n := protowire.ConsumeTag(p)
		if n >= 0 && number > fieldSequence && aggregate != nil {
			return aggregate, sequence, nil
		}
		var f field
		if f, p, err = nextField(p); err != nil {
			return nil, 0, fmt.Errorf("it is no protobuf message: %w", err)
		}
		switch f.number {
		case fieldAggregate:
			aggregate = f.bytes
		case fieldSequence:
			sequence = int64(f.value)
		}
	}
	return aggregate, sequence, nil
}

// field is one field on the wire: bytes, or a number's bits.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bytes  []byte
	value  uint64
}

func nextField(p []byte) (f field, rest []byte, err error) {
	var n int
	if f.number, f.kind, n = protowire.ConsumeTag(p); n < 0 {
		return f, nil, protowire.ParseError(n)
	}
	p = p[n:]
	switch f.kind {
	case protowire.VarintType:
		f.value, n = protowire.ConsumeVarint(p)
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(p)
	case protowire.Fixed64Type:
		f.value, n = protowire.ConsumeFixed64(p)
	default:
		n = protowire.ConsumeFieldValue(f.number, f.kind, p)
	}
	if n < 0 {
		return f, nil, protowire.ParseError(n)
	}
	return f, p[n:], nil
}

func eachField(p []byte, fn func(field) error) error {
	for len(p) > 0 {
		f, rest, err := nextField(p)
		if err != nil {
			return fmt.Errorf("it is no protobuf message: %w", err)
		}
		if err := fn(f); err != nil {
			return err
		}
		p = rest
	}
	return nil
}

func decodeObject(p []byte) (o Object, err error) {
	err = eachField(p, func(f field) error {
		switch f.number {
		case 1:
			o.Type = string(f.bytes)
		case 2:
			o.Revision = string(f.bytes)
		case 3:
			o.Data = f.bytes
		}
		return nil
	})
	return o, err
}

func (e *Event) decodeMetaData(p []byte) error {
	var key string
	var value any
	err := eachField(p, func(f field) (err error) {
		switch f.number {
		case 1:
			key = string(f.bytes)
		case 2:
			value, err = decodeValue(f.bytes)
		}
		return err
	})
	if e.MetaData == nil {
		e.MetaData = map[string]any{}
	}
	e.MetaData[key] = value
	return err
}

func decodeValue(p []byte) (value any, err error) {
	err = eachField(p, func(f field) (err error) {
		switch f.number {
		case 1:
			value = string(f.bytes)
		case 2:
			value = protowire.DecodeZigZag(f.value)
		case 3:
			value = f.value != 0
		case 4:
			value = math.Float64frombits(f.value)
		case 5:
			value, err = decodeObject(f.bytes)
		}
		return err
	})
	return value, err
}
