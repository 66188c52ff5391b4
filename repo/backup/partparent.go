package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// partParent finds what a part is compared with: the newest snapshot of the
// system that holds this part, whatever became of the others; a source that goes
// on from its last capture needs one in which the part is whole. With it
// comes the state that the part's source goes on from, nil where there is none.
func (x *run) partParent(ctx context.Context, system string) (*parent, []byte, error) {
	if x.opt.Parent == "none" {
		return noParent(), nil, nil
	}
	if needsStates(x.r) {
		p, state := openStates(x.r, x.opt, x.obs)
		return x.lean(p, state)
	}
	list, lost, err := x.r.ReadableSnapshots(ctx)
	if err != nil {
		return nil, nil, err
	}
	if lost != nil {
		x.obs.Notice("", lost.Error())
	}
	_, continued := x.opt.Source.(sources.Continued)
	best := -1
	for i, s := range list {
		info, ok := s.SystemInfo()
		part, has := info.Part(x.part)
		if !ok || !has || !part.Kept || continued && !part.Whole || info.Name != system || s.Host != x.opt.Host || !x.r.Trusts(s.Signer) {
			continue
		}
		if best < 0 || s.Time.After(list[best].Time) {
			best = i
		}
	}
	if best < 0 {
		return noParent(), nil, nil
	}
	p, state, err := x.subtreeParent(ctx, list[best])
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		x.obs.Notice("", fmt.Sprintf("the parent snapshot %s can't be read, so all is read anew: %v; 'ivyvault check' tells what else suffers", list[best].ID.Short(), err))
		return noParent(), nil, nil
	}
	return x.lean(p, state)
}

// lean notes in the writer that the parent is relied on; one that is gone is
// none.
func (x *run) lean(p *parent, state []byte) (*parent, []byte, error) {
	if p.id != nil && x.writer != nil && !x.writer.UseParent(*p.id) {
		p.stop()
		return noParent(), nil, nil
	}
	return p, state, nil
}

// maxState bounds what is read as a source's state, in bytes.
const maxState = 256 << 20

// subtreeParent streams a part's directory out of an older snapshot.
func (x *run) subtreeParent(ctx context.Context, snap repo.Snapshot) (*parent, []byte, error) {
	rd := tree.NewReader(x.r, x.r.Keys().ContentHash, 0)
	root := x.prefix[:len(x.prefix)-len(x.part)-1]
	dir, err := rd.Resolve(ctx, snap.Root.Ref(), root+x.part)
	if err != nil {
		return nil, nil, err
	}
	if dir.Type != tree.Dir {
		return nil, nil, errors.New("the part is no directory in it")
	}
	state, err := readState(ctx, rd, snap, root+stateDir+"/"+x.part)
	if err != nil {
		return nil, nil, err
	}
	sub := snap
	sub.Root = repo.RootOf(dir.Tree)
	p := walkParent(ctx, x.r, sub)
	p.size = int64(dir.Bytes)
	return p, state, nil
}

func readState(ctx context.Context, rd *tree.Reader, snap repo.Snapshot, path string) ([]byte, error) {
	n, err := rd.Resolve(ctx, snap.Root.Ref(), path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if n.Size > maxState {
		return nil, fmt.Errorf("the state %s has %d bytes, which can't be right", path, n.Size)
	}
	f, err := rd.Open(&n)
	if err != nil {
		return nil, err
	}
	p := make([]byte, n.Size)
	if _, err := f.ReadAt(ctx, p, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return slices.Clip(p), nil
}
