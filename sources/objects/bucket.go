// Package objects captures what a bucket of an object store holds, and puts it
// back; the servers themselves are told by packages beside it.
//
// Nouns:
//
//   - A Bucket is one bucket or container of a server.
//   - An Object is what a listing says of one thing in it; its Key is any text.
//   - Metadata is what an object carries beside its content. It is kept as the
//     extended attribute Attribute of the captured file, which only new and
//     changed objects are asked for: the listing doesn't tell it.
//   - The captured tree has bucket.json, which says where it came from,
//     objects/, where a key stands as the path that it looks like, and
//     unusual/, where keys that can't be paths stand in hexadecimal.
//
// Promise: only new and changed objects are opened; memory doesn't grow with
// the number of objects; every key comes back as it was, to the byte.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Bucket is one bucket or container of a server. It may be used concurrently.
// Errors Are ErrSilent where the server gave no answer.
type Bucket interface {
	// Look tells what the bucket is. Where there is none, the error Is
	// fs.ErrNotExist.
	Look(ctx context.Context) (About, error)
	// List yields the present objects whose keys begin with prefix, in
	// ascending order of the bytes of their keys, at most limit of them; 0 is
	// all. An error ends it.
	List(ctx context.Context, prefix string, limit int) iter.Seq2[Object, error]
	// Open opens the content of the object from the byte off on. Where o.ETag
	// is set and the object is another one by now, the error Is ErrChanged;
	// where it is gone, fs.ErrNotExist. The caller closes it.
	Open(ctx context.Context, o Object, off int64) (*Body, error)
	// Put stores an object of exactly u.Size bytes, replaces what has its key,
	// and returns only after the server's check sum or size was compared.
	Put(ctx context.Context, u Upload) error
	// Make makes the bucket.
	Make(ctx context.Context) error
}

// ErrChanged says that an object isn't the one that was listed any more.
var ErrChanged = errors.New("the object is another one by now")

// About says what a bucket is.
type About struct {
	Product string            // "S3", "Azure Blob Storage"
	Version string            // of the server, where it tells
	Where   string            // for messages: "the bucket x at http://…"
	Details map[string]string // without secrets
	Notes   []string          // what the operator has to know
}

// Object is what a listing says of one object.
type Object struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
	ETag     string // as the server gives it, quotes left out
	Version  string // "" where the server doesn't tell
}

// Body is an open content, the object that it is of, and what that carries.
type Body struct {
	io.ReadCloser
	Object Object
	Meta   Metadata
}

// Upload is what is put.
type Upload struct {
	Key  string
	Size int64
	Meta Metadata
	From io.Reader
}

// Metadata is what an object carries beside its content.
type Metadata struct {
	ContentType        string            `json:"content_type,omitempty"`
	ContentEncoding    string            `json:"content_encoding,omitempty"`
	ContentLanguage    string            `json:"content_language,omitempty"`
	ContentDisposition string            `json:"content_disposition,omitempty"`
	CacheControl       string            `json:"cache_control,omitempty"`
	User               map[string]string `json:"user,omitempty"`
	Tags               map[string]string `json:"tags,omitempty"`
	// Said tells what could not be read or can't be kept: "tags: access denied".
	Said string `json:"said,omitempty"`
}

// DisorderError says that so many keys can't be paths or come out of order that
// they can't be sorted in memory.
type DisorderError struct{ Count int }

func (e *DisorderError) Error() string {
	return fmt.Sprintf("more than %d keys of the bucket can't be paths, or were listed in no order: capture it by parts, each with a 'prefix' of its own", e.Count)
}
