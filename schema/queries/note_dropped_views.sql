-- Purpose: records in schema_views that the views were dropped: a later view of that name is not glint's.
-- Grain:   one row per view.
-- Units:   now_ms in Unix milliseconds; hash is empty.
-- Reads:   nothing.
INSERT INTO schema_views (view, text_hash, shown_hash, replaced_at)
SELECT arrayJoin({views:Array(String)}), {hash:String}, '', fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
