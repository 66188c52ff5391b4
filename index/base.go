package index

import "ivyvault/chunk"

type base struct{}

func (t *Table) baseListings() uint32 { return 0 }

func (t *Table) findBase(id *chunk.ID, kind chunk.Kind, accept func(Signer) bool) (Location, bool) {
	return Location{}, false
}

func (t *Table) allBase(id *chunk.ID, kind chunk.Kind, dst []Location) []Location { return dst }
