"""Tables of people: CSV, TSV and workbooks, and what spreadsheets and statistics programs make of their cells."""
