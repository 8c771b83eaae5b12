-- Purpose: the time that recipients took to open a campaign, as a histogram: quartiles and the share not yet opened follow from it.
-- Grain:   one row per campaign name and class of width, with at least one message.
-- Units:   minutes from the known time of sending to the first open by a person; messages are counted.
-- Engine:  a plain view over message_opens; filter on campaign_id to read one campaign's range of the keys.
--
-- A class holds times t with from_minutes <= t < to_minutes. Below 32 minutes it is one minute wide, beyond that a sixteenth to a
-- thirty-second of its begin. A time before the sending (two clocks) is 0. The row with NULL holds the measured messages that a
-- person opened, but of which one of the two times is not known; all rows add up to reliable_unique_opens of campaign_report.
CREATE OR REPLACE VIEW time_to_open
(
    campaign_id UInt64 COMMENT 'Id of the campaign',
    campaign String COMMENT 'Name of the campaign',
    from_minutes Nullable(Int64) COMMENT 'Least time of the class, minutes; NULL if the time is not known',
    to_minutes Nullable(Int64) COMMENT 'End of the class, minutes, no more in it; NULL if the time is not known',
    messages Int64 COMMENT 'Measured messages that a person first opened after such a time'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT campaign_id, campaign, counted.1 AS from_minutes, counted.2 AS to_minutes, counted.3 AS messages
FROM (
    SELECT campaign_id, max(name) AS campaign, groupArrayIf((from_minutes, to_minutes, messages), NOT named) AS counts
    FROM (
        SELECT campaign_id, 1 AS named, campaign AS name, CAST(NULL, 'Nullable(Int64)') AS from_minutes, CAST(NULL, 'Nullable(Int64)') AS to_minutes, toInt64(0) AS messages
        FROM campaign_names
        UNION ALL
        SELECT campaign_id, 0, '', if(is_known, class_from, NULL), if(is_known, class_from + class_width, NULL), toInt64(count())
        FROM (
            WITH
                greatest(0, dateDiff('second', sent_at, first_reliable_open)) AS seconds,
                toInt64(intDiv(seconds, 60)) AS minutes
            SELECT campaign_id, sent_at > 0 AND timed_reliable AS is_known,
                if(is_known, greatest(1, intDiv(toInt64(roundToExp2(minutes)), 16)), 1) AS class_width,
                if(is_known, intDiv(minutes, class_width) * class_width, 0) AS class_from
            FROM message_opens
            WHERE measured AND reliable
        )
        GROUP BY campaign_id, is_known, class_from, class_width
    )
    GROUP BY campaign_id
    HAVING max(named)
)
ARRAY JOIN counts AS counted
