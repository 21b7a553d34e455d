comment on column markets.metadata is
    'Further facts, as a JSON object; "pending": by batch, INGEST decisions of prices whose rows are being written, recorded by the next delivery if a crash comes between.';
