package config

import (
	"errors"

	"ivyvault/sources/azure"
	"ivyvault/sources/h2"
	"ivyvault/sources/mssql"
	"ivyvault/sources/mysql"
	"ivyvault/sources/oracle"
	"ivyvault/sources/postgres"
	"ivyvault/sources/s3"
)

// kind is one value that 'type' may have.
type kind struct {
	name string
	make func() Part
}

// databases are the kinds of databases.
func databases() []kind {
	return []kind{
		{"postgresql", func() Part { return &postgres.Config{} }},
		{"mysql", func() Part { return &mysql.Config{} }},
		{"mariadb", func() Part { return &mysql.Config{} }},
		{"sqlserver", func() Part { return &mssql.Config{} }},
		{"oracle", func() Part { return &oracle.Config{} }},
		{"h2", func() Part { return &h2.Config{} }},
	}
}

// stores are the kinds of document stores.
func stores() []kind {
	return []kind{
		{"dir", func() Part { return &Directories{} }},
		{"s3", func() Part { return &s3.Config{} }},
		{"azure", func() Part { return &azure.Config{} }},
	}
}

// engines are the types of systems.
func engines() []string { return []string{"axon-ivy", "flowable", "axonserver", "wso2is", "custom"} }

func modes() []string { return []string{"hot", "cold"} }

// Validate tells what is wrong.
func (d *Directories) Validate() error {
	if d.Path == "" {
		return errors.New("'path' is missing: name the directory")
	}
	return nil
}
