package flowable

import (
	"context"
	"path"
	"sync"

	"ivyvault/sources"
	"ivyvault/sources/tap"
)

// file is a captured file.
type file struct {
	size  int64
	at    int64 // of its last change, nanoseconds since 1970
	named bool  // by a row
}

// Files are the files of one captured store of documents.
type Files struct {
	Part string // the path of the part: "documents/content"
	// Folder says that it is the folder of Flowable's own file store. Else it is
	// a store of objects, whose names are not known for sure.
	Folder bool

	mu    sync.Mutex
	files map[string]file
}

var _ tap.Watcher = (*Files)(nil)

// NewFiles watches a part that holds documents.
func NewFiles(part string, folder bool) *Files {
	f := &Files{Part: part, Folder: folder}
	f.Begin()
	return f
}

// Begin forgets an earlier capture.
func (f *Files) Begin() { f.files = map[string]file{} }

// Entry notes a file.
func (f *Files) Entry(_ context.Context, e *sources.Entry) {
	if e.Attr.Type != sources.File {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[e.Path] = file{size: int64(e.Attr.Size), at: e.Attr.MTime.Sec*1e9 + int64(e.Attr.MTime.Nsec)}
}

// Lost takes a file back that could not be captured.
func (f *Files) Lost(p string, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, p)
}

// Open returns nobody: what documents hold is of no interest.
func (f *Files) Open(string) tap.Sink { return nil }

// name notes that a row names a file.
func (f *Files) name(at string) {
	x := f.files[at]
	x.named = true
	f.files[at] = x
}

// bases are the last parts of all names, by which an object is found where the
// folder that it lies in is not known.
func (f *Files) bases() map[string]file {
	out := make(map[string]file, len(f.files))
	for p, x := range f.files {
		out[path.Base(p)] = x
	}
	return out
}
