-- Purpose: deletes the rows of deleted campaigns from one table.
-- Grain:   a statement: a mutation of the parts that have such rows.
-- Units:   table is the name of one of the tables of deleted_rows.
-- Reads:   the table deleted_campaigns, so only as the warehouse user.
ALTER TABLE {table:Identifier} DELETE WHERE campaign_id IN (SELECT campaign_id FROM deleted_campaigns)
