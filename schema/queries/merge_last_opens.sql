-- Purpose: merges last_opens, so that one date remains for each recipient.
-- Grain:   a statement.
-- Units:   none.
-- Reads:   the table last_opens, so only as the warehouse user.
OPTIMIZE TABLE last_opens FINAL
