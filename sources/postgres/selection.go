package postgres

import "slices"

// withPartitions adds the partitions of tables, and theirs.
func (d *description) withPartitions(picked []*table) []*table {
	out := slices.Clone(picked)
	for i := 0; i < len(out); i++ {
		for j := range d.Tables {
			if t := &d.Tables[j]; t.PartitionOf == out[i].OID && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// selection is what of an archive belongs to some tables.
type selection struct {
	before []*item // types, functions, extensions that they need: mostly there
	own    []*item // the tables, their rows, indices, constraints, triggers
	rights []*item // privileges
	after  []*item // what refers to other tables: foreign keys, rules, policies
}

const tableCatalog = 1259 // pg_class

// belongs are the kinds that go with the one table they depend on.
var belongs = [...]string{"TABLE DATA", "TABLE ATTACH", "INDEX", "INDEX ATTACH", "CHECK CONSTRAINT", "CONSTRAINT", "DEFAULT", "STATISTICS", "STATISTICS DATA",
	"TRIGGER", "ROW SECURITY", "SEQUENCE"}

// follows are the kinds that go with whatever they were made for.
var follows = [...]string{"SEQUENCE OWNED BY", "SEQUENCE SET", "COMMENT", "SECURITY LABEL"}

// supports are the kinds that a table may need in order to be.
var supports = [...]string{"SCHEMA", "EXTENSION", "SHELL TYPE", "TYPE", "DOMAIN", "FUNCTION", "COLLATION", "AGGREGATE", "OPERATOR"}

// selectItems picks from a table of contents, keeping its order.
func selectItems(contents []*item, picked []*table) selection {
	byID, ids, foreign, rules := map[int]*item{}, map[int]bool{}, map[uint32]bool{}, map[uint32]bool{}
	oids := map[uint32]bool{}
	for _, t := range picked {
		oids[t.OID] = true
		for _, k := range t.ForeignKeys {
			foreign[k] = true
		}
		for _, k := range t.Rules {
			rules[k] = true
		}
	}
	for _, it := range contents {
		byID[it.id] = it
		if it.kind == "TABLE" && it.catalog == tableCatalog && oids[it.oid] {
			ids[it.id] = true
		}
	}
	sequences := sequencesOf(contents, byID, ids)
	var s selection
	support, chosen := map[int]bool{}, map[int]bool{}
	for _, it := range contents {
		switch of := it.owner(); {
		case ids[it.id], sequences[it.id], slices.Contains(belongs[:], it.kind) && it.within(byID, ids),
			slices.Contains(follows[:], it.kind) && chosen[of]:
			s.own = append(s.own, it)
			chosen[it.id] = true
			closure(it, byID, support)
		case it.kind == "ACL" && (ids[of] || sequences[of]):
			s.rights = append(s.rights, it)
		case it.kind == "FK CONSTRAINT" && foreign[it.oid], (it.kind == "RULE" || it.kind == "POLICY") && rules[it.oid]:
			s.after = append(s.after, it)
			closure(it, byID, support)
		}
	}
	for _, it := range contents {
		if support[it.id] {
			s.before = append(s.before, it)
		}
	}
	return s
}

// owner is the item that this one mostly stands for: the first that it needs.
func (it *item) owner() int {
	if len(it.needs) == 0 {
		return 0
	}
	return it.needs[0]
}

// within tells whether an item needs tables, and none but those given.
func (it *item) within(byID map[int]*item, ids map[int]bool) bool {
	some := false
	for _, n := range it.needs {
		if ids[n] {
			some = true
		} else if o := byID[n]; o != nil && o.kind == "TABLE" {
			return false
		}
	}
	return some
}

// sequencesOf are the sequences behind columns of the tables: those of identity
// columns, which need the table, and those that a default of theirs needs.
func sequencesOf(contents []*item, byID map[int]*item, ids map[int]bool) map[int]bool {
	out := map[int]bool{}
	for _, it := range contents {
		switch {
		case it.kind == "SEQUENCE" && it.within(byID, ids):
			out[it.id] = true
		case it.kind == "DEFAULT" && it.within(byID, ids):
			for _, n := range it.needs {
				if o := byID[n]; o != nil && o.kind == "SEQUENCE" {
					out[n] = true
				}
			}
		}
	}
	return out
}

// closure notes what an item needs of the supporting kinds, at any depth.
func closure(it *item, byID map[int]*item, support map[int]bool) {
	for _, n := range it.needs {
		o := byID[n]
		if o == nil || support[n] || !slices.Contains(supports[:], o.kind) {
			continue
		}
		support[n] = true
		closure(o, byID, support)
	}
}
