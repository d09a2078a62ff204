"""Immigration detainers and what became of them, as Immigration and Customs Enforcement released them."""
