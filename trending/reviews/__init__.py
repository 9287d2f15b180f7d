"""Reviews: who wrote them is masked before anything is stored; then they are cleaned, linked to titles, deduplicated and counted by week."""
