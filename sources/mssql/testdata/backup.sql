SET NOCOUNT ON;
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SERVERPROPERTY('ProductVersion'))), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SERVERPROPERTY('Edition'))), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), d.state_desc)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), d.recovery_model_desc)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), d.collation_name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), d.is_encrypted)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), (SELECT SUM(CONVERT(bigint, m.size)) * 8192 FROM sys.master_files m WHERE m.database_id = d.database_id))), 2), '')
FROM sys.databases d WHERE d.name = N'cl''a]im;s -- "x"';
OPEN answer;
FETCH NEXT FROM answer INTO @line;
WHILE @@FETCH_STATUS = 0
BEGIN
PRINT @line;
FETCH NEXT FROM answer INTO @line;
END;
CLOSE answer;
DEALLOCATE answer;
PRINT 'ivyvault end';
--
SET NOCOUNT ON;
USE [cl'a]]im;s -- "x"];
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), s.name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), t.name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SUM(p.rows))), 2), '')
FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.partitions p ON p.object_id = t.object_id AND p.index_id IN (0, 1) WHERE t.is_ms_shipped = 0 GROUP BY s.name, t.name;
OPEN answer;
FETCH NEXT FROM answer INTO @line;
WHILE @@FETCH_STATUS = 0
BEGIN
PRINT @line;
FETCH NEXT FROM answer INTO @line;
END;
CLOSE answer;
DEALLOCATE answer;
PRINT 'ivyvault end';
--
SET NOCOUNT ON;
USE [cl'a]]im;s -- "x"];
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), NAME_)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), VALUE_)), 2), '')
FROM [dbo].[ACT_GE_PROPERTY] WHERE NAME_ LIKE '%schema.version';
OPEN answer;
FETCH NEXT FROM answer INTO @line;
WHILE @@FETCH_STATUS = 0
BEGIN
PRINT @line;
FETCH NEXT FROM answer INTO @line;
END;
CLOSE answer;
DEALLOCATE answer;
PRINT 'ivyvault end';
--
SET NOCOUNT ON;
USE [cl'a]]im;s -- "x"];
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), p.name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), p.type)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), CONVERT(varchar(200), p.sid, 1))), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), CONVERT(varchar(600), l.password_hash, 1))), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), l.is_policy_checked)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), l.is_expiration_checked)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), p.is_disabled)), 2), '')
FROM sys.server_principals p LEFT JOIN sys.sql_logins l ON l.principal_id = p.principal_id WHERE p.type IN ('S', 'U', 'G') AND p.principal_id > 1 AND p.name NOT LIKE '##%' AND p.sid IN (SELECT u.sid FROM sys.database_principals u WHERE u.sid IS NOT NULL) ORDER BY p.name;
OPEN answer;
FETCH NEXT FROM answer INTO @line;
WHILE @@FETCH_STATUS = 0
BEGIN
PRINT @line;
FETCH NEXT FROM answer INTO @line;
END;
CLOSE answer;
DEALLOCATE answer;
PRINT 'ivyvault end';
--
SET NOCOUNT ON;
USE [cl'a]]im;s -- "x"];
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), r.name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), p.name)), 2), '')
FROM sys.server_role_members m JOIN sys.server_principals r ON r.principal_id = m.role_principal_id JOIN sys.server_principals p ON p.principal_id = m.member_principal_id WHERE p.principal_id > 1 AND p.name NOT LIKE '##%' AND p.sid IN (SELECT u.sid FROM sys.database_principals u WHERE u.sid IS NOT NULL) ORDER BY r.name, p.name;
OPEN answer;
FETCH NEXT FROM answer INTO @line;
WHILE @@FETCH_STATUS = 0
BEGIN
PRINT @line;
FETCH NEXT FROM answer INTO @line;
END;
CLOSE answer;
DEALLOCATE answer;
PRINT 'ivyvault end';
--
SET NOCOUNT ON;
BACKUP DATABASE [cl'a]]im;s -- "x"] TO DISK = N'D:\exchange\ivyvault-cl_a_im_s_--__x_.bak' WITH COPY_ONLY, CHECKSUM, INIT, FORMAT, NO_COMPRESSION, STATS = 10;
--
SET NOCOUNT ON;
RESTORE VERIFYONLY FROM DISK = N'D:\exchange\ivyvault-cl_a_im_s_--__x_.bak' WITH CHECKSUM;
--
