package secondreader

// What follows lets the tests see single objects and chunks.

// CheckPage reports whether p is a page that is whole by itself.
func CheckPage(p []byte) error {
	d := decoder{p: p}
	level := d.u8()
	if level > maxLevel || d.u8() != 0 {
		d.fail("the head of a page is wrong")
	}
	if d.err != nil {
		return d.err
	}
	if level > 0 {
		_, err := parseTable(d)
		return err
	}
	if emptyPage(level, d) {
		return nil
	}
	_, err := parseEntries(d)
	return err
}

// CheckList reports whether p is a page of a content list that is whole by itself.
func CheckList(p []byte) error {
	d := decoder{p: p}
	level := d.u8()
	if level > maxLevel || d.u8() != 0 {
		d.fail("the head of a list is wrong")
	}
	if d.err != nil {
		return d.err
	}
	_, _, err := parseList(level, d)
	return err
}

// CheckIndex reports whether p is the plaintext of an index file.
func CheckIndex(p []byte) error {
	_, err := parseIndex(p)
	return err
}

// Plain calls fn with each live chunk and with the plaintext of each live index
// file, whose kind is 0.
func (v *Vault) Plain(fn func(kind byte, p []byte)) error {
	for name := range v.live.index {
		object, err := readNamed(v.dir, "index", name, kindIndex)
		if err != nil {
			return err
		}
		body, _, err := v.checkSigned(object)
		if err != nil {
			return err
		}
		box, err := v.openBox(body, headSize, kindIndex)
		if err != nil {
			return err
		}
		plain, err := v.zstd.DecodeAll(box, nil)
		if err != nil {
			return err
		}
		fn(0, plain)
	}
	for _, l := range v.listed {
		for _, c := range l.chunks {
			p, err := v.chunk(c.ref)
			if err != nil {
				return err
			}
			fn(c.kind, p)
		}
	}
	return nil
}

// ReadPack reads all of a pack, whatever its name.
func (v *Vault) ReadPack(object []byte) error {
	p, err := v.openPack(object)
	if err != nil {
		return err
	}
	for _, c := range p.chunks {
		if _, err := p.read(c.ref, v); err != nil {
			return err
		}
	}
	return nil
}

// ReadSlot opens a key slot, whatever its name.
func (v *Vault) ReadSlot(object, password []byte) error {
	_, err := openSlot(object, v.conf, password)
	return err
}

// ReadSigned checks what index files, snapshots and log entries have in common.
func (v *Vault) ReadSigned(object []byte) error {
	_, _, err := v.checkSigned(object)
	return err
}

// Form tells in which form an entry's content is kept.
func (e *Entry) Form() byte { return e.content.form }

// LogTypes counts the entries of the log by their types.
func (v *Vault) LogTypes() map[byte]int { return v.types }

// Frames counts the frames of all live packs, and those of them that are
// compressed.
func (v *Vault) Frames() (all, compressed int) {
	for name := range v.listed {
		p, err := v.pack(name)
		if err != nil {
			continue
		}
		for _, c := range p.chunks {
			for _, f := range c.frames {
				all++
				if f.compressed {
					compressed++
				}
			}
		}
	}
	return all, compressed
}
