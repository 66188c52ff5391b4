package index

// Abandon drops the packs of a signer that AddPack added and that Settle never
// gave an index file: the write that made them failed, and nothing will say
// whether they stay in the store.
func (t *Table) Abandon(signer Signer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if src, ok := t.pending[signer]; ok {
		t.sources[src].dead = true
		delete(t.pending, signer)
	}
}
