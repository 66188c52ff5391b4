// Package foldproc folds the index in a process of its own: writing mapped
// files can kill a process on a full disk, and memory that a fold took is gone
// with it.
//
// The two processes talk over the child's standard input and output. The parent
// sends the names of the live index files; the child asks for those that it
// needs, one name at a time; the parent answers with the file, already opened
// and verified, but not decoded. So the child holds no key and opens no store.
//
//	parent → child: u32 count, the names
//	child → parent: a name
//	parent → child: u8 1, 32 bytes signer, u32 length, the encoded file; or u8 0: leave it out
//
// The child's exit code is 0 where the fold was done. All numbers are little
// endian.
package foldproc

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"

	"ivyvault/index"
)

// Verb is the first argument of the child; the second is the index's folder.
const Verb = "fold-index"

// maxFile bounds the encoded index file that the child accepts, in bytes.
const maxFile = 128 << 20

// Run folds the index in dir by a child process of the program. It returns
// after the child has ended; what it wrote to its standard error is in the
// error.
func Run(ctx context.Context, program, dir string, live []index.Name, fetch index.Fetch) error {
	cmd := exec.CommandContext(ctx, program, Verb, dir)
	cmd.Env = append(os.Environ(), "GOGC=25") // halves its memory and costs little
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("fold the index: %w", err)
	}
	err = serve(ctx, in, out, live, fetch)
	in.Close()
	if werr := cmd.Wait(); werr != nil && ctx.Err() == nil {
		return fmt.Errorf("fold the index: %w: %s", errors.Join(werr, err), strings.TrimSpace(said.String()))
	}
	return err
}

// serve answers the child until it closes its output.
func serve(ctx context.Context, in io.Writer, out io.Reader, live []index.Name, fetch index.Fetch) error {
	w := bufio.NewWriterSize(in, 256<<10)
	binary.Write(w, binary.LittleEndian, uint32(len(live)))
	for _, n := range live {
		w.Write(n[:])
	}
	var name index.Name
	for {
		if err := w.Flush(); err != nil {
			return err
		}
		if _, err := io.ReadFull(out, name[:]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		signer, p, err := fetch(ctx, name)
		if errors.Is(err, index.ErrLeaveOut) {
			w.WriteByte(0)
			continue
		}
		if err != nil {
			return err
		}
		w.WriteByte(1)
		w.Write(signer[:])
		binary.Write(w, binary.LittleEndian, uint32(len(p)))
		w.Write(p)
	}
}

// Child is what the program does when it is started with Verb: it folds the
// index in dir and returns the exit code.
func Child(ctx context.Context, dir string, in io.Reader, out io.Writer, errs io.Writer) int {
	debug.SetGCPercent(25)
	r := bufio.NewReaderSize(in, 256<<10)
	err := fold(ctx, dir, r, out)
	if errors.Is(err, index.ErrFolding) {
		return 0 // another process is at it
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return 0
}

func fold(ctx context.Context, dir string, r io.Reader, out io.Writer) error {
	var count uint32
	if err := binary.Read(r, binary.LittleEndian, &count); err != nil {
		return err
	}
	var live []index.Name
	for range count {
		var n index.Name
		if _, err := io.ReadFull(r, n[:]); err != nil {
			return err
		}
		live = append(live, n)
	}
	_, err := index.Fold(ctx, dir, live, func(_ context.Context, n index.Name) (index.Signer, index.File, error) {
		return ask(r, out, n)
	})
	return err
}

// ask gets one index file from the parent.
func ask(r io.Reader, out io.Writer, n index.Name) (signer index.Signer, f index.File, err error) {
	if _, err := out.Write(n[:]); err != nil {
		return signer, f, err
	}
	var head [1]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return signer, f, err
	}
	if head[0] == 0 {
		return signer, f, index.ErrLeaveOut
	}
	if _, err := io.ReadFull(r, signer[:]); err != nil {
		return signer, f, err
	}
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return signer, f, err
	}
	if size > maxFile {
		return signer, f, fmt.Errorf("an index file of %d bytes is too long", size)
	}
	p := make([]byte, size)
	if _, err := io.ReadFull(r, p); err != nil {
		return signer, f, err
	}
	f, err = index.Decode(p)
	return signer, f, err
}
