-- Purpose: the views of this schema that the database has, for migrate.
-- Grain:   one row per view that this or an earlier program created.
-- Units:   hash is that of the view's text; empty if the view was changed since, or created before there was schema_views.
-- Reads:   system.tables and schema_views; only as the warehouse user.
--
-- Earlier programs kept the hash in the view's comment, behind the words "glint views". A view that another program has made since
-- under the name of a dropped one is not in the answer.
SELECT tables.name AS name, if(shown = shown_hash, text_hash, '') AS hash
FROM (
    SELECT name, comment, hex(sipHash128(create_table_query)) AS shown
    FROM system.tables
    WHERE database = currentDatabase() AND engine = 'View'
) AS tables
LEFT JOIN (SELECT view, text_hash, shown_hash FROM schema_views FINAL) AS known ON known.view = tables.name
WHERE (text_hash != '' AND shown = shown_hash) OR position(comment, 'glint views ') > 0
