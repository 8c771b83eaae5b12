-- Purpose: records that a server has a version of the schema, after it got the tables from another replica.
-- Grain:   one row of goose's table.
-- Units:   none.
-- Reads:   nothing; only as the warehouse user.
INSERT INTO goose_db_version (version_id, is_applied, date, tstamp) VALUES ({version:Int64}, 1, today(), now())
