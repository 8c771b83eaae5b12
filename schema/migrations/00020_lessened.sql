-- Purpose: messages of which less may be kept than the URL in their mail says, since they were registered or marked again with less tracking.
-- Grain:   one value more of withdrawals.fate for each mode that still names the message.
-- Units:   none beside those of withdrawals.
-- Engine:  none: it changes a column of withdrawals, none of its key.
-- Key:     as before: a row with a message_id is of that message alone, whatever its recipient chooses later.
--
-- pseudonymous and last_open are the modes of the same names (see sends.tracking). A message that is restricted to aggregate has the fate
-- count or anonymous, one that is restricted to off has drop. Of a message with several rows the strictest fate holds, in this order:
-- keep, pseudonymous, last_open, anonymous, count, drop.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE withdrawals MODIFY COLUMN fate
    Enum8('keep' = 0, 'count' = 1, 'anonymous' = 2, 'drop' = 3, 'pseudonymous' = 4, 'last_open' = 5) CODEC(ZSTD(1));
