-- Purpose: records in schema_views that the views were created, with the hash of the definition that the server shows.
-- Grain:   one row per view.
-- Units:   now_ms in Unix milliseconds.
-- Reads:   system.tables; only as the warehouse user.
INSERT INTO schema_views (view, text_hash, shown_hash, replaced_at)
SELECT name, {hash:String}, hex(sipHash128(create_table_query)), fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
FROM system.tables
WHERE database = currentDatabase() AND has({views:Array(String)}, name)
