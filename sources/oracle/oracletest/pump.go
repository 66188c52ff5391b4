package oracletest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// parameters are those that are known, with the values that are; "" is any
// value, which is then looked at where it is used.
func parameters(program string) map[string]string {
	out := map[string]string{"userid": "", "job_name": "", "directory": "", "dumpfile": "", "logfile": "", "parallel": "", "schemas": ""}
	if program == "expdp" {
		maps.Copy(out, map[string]string{"flashback_time": "systimestamp", "compression": "none", "exclude": "statistics", "reuse_dumpfiles": "yes"})
	} else {
		maps.Copy(out, map[string]string{"table_exists_action": "", "transform": "oid:n", "tables": "", "remap_schema": "", "remap_tablespace": ""})
	}
	return out
}

func (s *State) pump(file, program string, args []string) error {
	name, ok := strings.CutPrefix(strings.Join(args, " "), "parfile=")
	if !ok {
		return fault("LRM-00108: invalid positional parameter value %q", args)
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o600 {
		return fmt.Errorf("the parameter file can be read by others: %v", info.Mode())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	par := map[string][]string{}
	first, rest, _ := strings.Cut(string(text), "\n")
	if err := logged(file+".log", rest); err != nil {
		return err
	}
	login, ok := strings.CutPrefix(first, "userid=")
	if !ok {
		return fault("LRM-00101: the first parameter is not userid")
	}
	known := parameters(program)
	for line := range strings.Lines(rest) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if want, ok := known[key]; !ok || want != "" && want != value {
			return fault("LRM-00101: unknown parameter name '%s' or value '%s'", key, value)
		}
		delete(known, "userid")
		par[key] = append(par[key], value)
	}
	for key, want := range known {
		if want != "" && len(par[key]) == 0 {
			return fmt.Errorf("the parameter %s is missing", key)
		}
	}
	if err := s.login(login); err != nil {
		return fault("UDE-01017: operation generated ORACLE error 1017\n%v", err)
	}
	if one(par, "directory") != s.Directory {
		return fault("ORA-39002: invalid operation\nORA-39087: directory name is invalid")
	}
	if program == "expdp" {
		return s.export(file, par)
	}
	return s.imported(par)
}

func one(par map[string][]string, key string) string {
	if len(par[key]) == 1 {
		return par[key][0]
	}
	return ""
}

// names splits a list of names, quoted or not.
func names(list string) (out []string) {
	for _, n := range strings.Split(list, ",") {
		if u := strings.Trim(n, `"`); u == n && n != strings.ToUpper(n) {
			out = append(out, strings.ToUpper(n)) // as Oracle reads it
		} else {
			out = append(out, u)
		}
	}
	return out
}

// dump is what one dump file holds.
type dump struct {
	Part, Parts int
	Schemas     map[string]map[string][][]string
}

func (s *State) export(file string, par map[string][]string) error {
	job := one(par, "job_name")
	workers := 1
	if p := one(par, "parallel"); p != "" {
		if !strings.Contains(s.Banner, "Enterprise") {
			return fault("ORA-39094: Parallel execution not supported in this database edition.")
		}
		fmt.Sscan(p, &workers)
	}
	if slices.Contains(s.Jobs, job) {
		return fault("ORA-31634: job already exists")
	}
	out := dump{Parts: workers, Schemas: map[string]map[string][][]string{}}
	fmt.Printf("Starting \"%s\".\"%s\":  \"%s\"/******** parfile=x \n", s.User, job, s.User)
	for _, n := range names(one(par, "schemas")) {
		if s.Schemas[n] == nil {
			return fault("ORA-39165: Schema %s was not found.", n)
		}
		out.Schemas[n] = s.Schemas[n]
		for _, t := range slices.Sorted(maps.Keys(s.Schemas[n])) {
			if s.Fault == "snapshot too old" {
				return fault("ORA-31693: Table data object failed to load/unload and is being skipped due to error:\nORA-02354: error in exporting/importing data\nORA-01555: snapshot too old")
			}
			report("exported", n, t, len(s.Schemas[n][t]))
		}
	}
	pattern, ok := strings.CutSuffix(one(par, "dumpfile"), "_%U.dmp")
	if !ok || pattern != job || one(par, "logfile") != job+".log" {
		return fault("ORA-39001: invalid argument value")
	}
	for i := range workers {
		out.Part = i
		text, err := json.Marshal(out)
		if err != nil {
			return err
		}
		if s.Fault == "die in export" {
			text = text[:len(text)/2]
		}
		if err := os.WriteFile(filepath.Join(s.Path, fmt.Sprintf("%s_%02d.dmp", job, i+1)), text, 0o640); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(s.Path, job+".log"), []byte("log"), 0o640); err != nil {
		return err
	}
	switch s.Fault {
	case "die in export":
		s.Jobs = append(s.Jobs, job)
		if err := s.Save(file); err != nil {
			return err
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "one table fails":
		fmt.Printf("Job \"%s\".\"%s\" completed with 1 error(s) at Sat Nov 21 18:00:00 2026 elapsed 0 00:00:10\n", s.User, job)
		return nil
	}
	fmt.Printf("Job \"%s\".\"%s\" successfully completed at Sat Nov 21 18:00:00 2026 elapsed 0 00:00:10\n", s.User, job)
	return nil
}

// report prints the line about a table; what has many rows has two partitions.
func report(what, schema, table string, rows int) {
	if rows > 1000 {
		fmt.Printf(". . %s \"%s\".\"%s\":\"P1\"                12.50 KB   1,000 rows\n", what, schema, table)
		fmt.Printf(". . %s \"%s\".\"%s\":\"P2\".\"S1\"           12.50 KB %7d rows\n", what, schema, table, rows-1000)
		return
	}
	fmt.Printf(". . %s \"%s\".\"%s\"                5.500 KB %7d rows\n", what, schema, table, rows)
}

func (s *State) imported(par map[string][]string) error {
	job := one(par, "job_name")
	var in dump
	dumps := strings.Split(one(par, "dumpfile"), ",")
	for i, n := range dumps {
		text, err := os.ReadFile(filepath.Join(s.Path, n))
		if err != nil {
			return fault("ORA-39000: bad dump file specification: %v", err)
		}
		if err := json.Unmarshal(text, &in); err != nil || in.Part != i || in.Parts != len(dumps) {
			return fault("ORA-39059: dump file set is incomplete")
		}
	}
	remap := map[string]string{}
	for _, r := range par["remap_schema"] {
		from, to, _ := strings.Cut(r, ":")
		remap[names(from)[0]] = names(to)[0]
	}
	action := one(par, "table_exists_action")
	if action != "skip" && action != "replace" {
		return fault("ORA-39001: invalid argument value")
	}
	wanted, errs := s.wanted(par, in), 0
	for _, n := range slices.Sorted(maps.Keys(in.Schemas)) {
		to := n
		if remap[n] != "" {
			to = remap[n]
		}
		switch {
		case s.Schemas[to] == nil:
			s.Schemas[to] = map[string][][]string{}
		case one(par, "tables") == "":
			fmt.Printf("ORA-31684: Object type USER:\"%s\" already exists\n", to)
			errs++
		}
		for _, t := range slices.Sorted(maps.Keys(in.Schemas[n])) {
			if !slices.Contains(wanted, n+"."+t) {
				continue
			}
			if s.Schemas[to][t] != nil && action == "skip" {
				fmt.Printf("ORA-39151: Table \"%s\".\"%s\" exists. All dependent metadata and data will be skipped due to table_exists_action of skip\n", to, t)
				errs++
				continue
			}
			s.Schemas[to][t] = in.Schemas[n][t]
			report("imported", to, t, len(in.Schemas[n][t]))
		}
	}
	if errs > 0 {
		fmt.Printf("Job \"%s\".\"%s\" completed with %d error(s) at Sat Nov 21 18:00:00 2026 elapsed 0 00:00:10\n", s.User, job, errs)
		return nil
	}
	fmt.Printf("Job \"%s\".\"%s\" successfully completed at Sat Nov 21 18:00:00 2026 elapsed 0 00:00:10\n", s.User, job)
	return nil
}

// wanted lists the tables that are imported.
func (s *State) wanted(par map[string][]string, in dump) (out []string) {
	if list := one(par, "tables"); list != "" {
		for _, n := range strings.Split(list, ",") {
			schema, table, _ := strings.Cut(n, ".")
			if strings.HasPrefix(n, `"`) {
				schema, table, _ = strings.Cut(n, `".`)
				schema += `"`
			}
			out = append(out, names(schema)[0]+"."+names(table)[0])
		}
		return out
	}
	for _, n := range names(one(par, "schemas")) {
		for t := range in.Schemas[n] {
			out = append(out, n+"."+t)
		}
	}
	return out
}
