SET NOCOUNT ON;
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), d.state_desc)), 2), '')
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
RESTORE HEADERONLY FROM DISK = N'D:\exchange\ivyvault-restore-cl_a_im_s_--__x_.bak';
--
SET NOCOUNT ON;
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SERVERPROPERTY('ProductMajorVersion'))), 2), '')
;
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
RESTORE VERIFYONLY FROM DISK = N'D:\exchange\ivyvault-restore-cl_a_im_s_--__x_.bak' WITH CHECKSUM;
--
SET NOCOUNT ON;
RESTORE FILELISTONLY FROM DISK = N'D:\exchange\ivyvault-restore-cl_a_im_s_--__x_.bak';
--
SET NOCOUNT ON;
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SERVERPROPERTY('InstanceDefaultDataPath'))), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SERVERPROPERTY('InstanceDefaultLogPath'))), 2), '')
;
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
RESTORE DATABASE [cl'a]]im;s -- "x"] FROM DISK = N'D:\exchange\ivyvault-restore-cl_a_im_s_--__x_.bak' WITH CHECKSUM, RECOVERY, STATS = 10, MOVE N'claims' TO N'D:\data\cl_a_im_s_--__x__0.mdf', MOVE N'cl''2' TO N'D:\data\cl_a_im_s_--__x__1.ndf', MOVE N'claims_log' TO N'E:\log\cl_a_im_s_--__x__2.ldf';
--
SET NOCOUNT ON;
-- The logins of the users of [cl'a]]im;s -- "x"], with their SIDs and password hashes.
IF SUSER_ID(N'CORP\ivy') IS NULL CREATE LOGIN [CORP\ivy] FROM WINDOWS;
IF SUSER_ID(N'ivy') IS NULL CREATE LOGIN [ivy] WITH PASSWORD = 0x0200AAFF HASHED, SID = 0x0102AB, CHECK_POLICY = OFF;
ALTER LOGIN [ivy] WITH CHECK_POLICY = ON, CHECK_EXPIRATION = OFF;
IF SUSER_ID(N'o''d]d') IS NULL CREATE LOGIN [o'd]]d] WITH PASSWORD = 0x0200BB HASHED, SID = 0x0103, CHECK_POLICY = OFF;
ALTER LOGIN [o'd]]d] DISABLE;
ALTER SERVER ROLE [processadmin] ADD MEMBER [o'd]]d];
--
SET NOCOUNT ON;
USE [cl'a]]im;s -- "x"];
DECLARE @line varchar(8000);
DECLARE answer CURSOR LOCAL FAST_FORWARD FOR
SELECT 'ivyvault row'
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), u.name)), 2), '')
 + '|' + ISNULL(CONVERT(varchar(1900), CONVERT(varbinary(950), CONVERT(nvarchar(475), SUSER_ID(u.name))), 2), '')
FROM sys.database_principals u LEFT JOIN sys.server_principals p ON p.sid = u.sid WHERE u.type IN ('S', 'U', 'G') AND u.authentication_type IN (1, 3) AND u.principal_id > 4 AND p.sid IS NULL ORDER BY u.name;
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
DBCC CHECKDB (N'cl''a]im;s -- "x"') WITH NO_INFOMSGS, PHYSICAL_ONLY;
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
