"""What pages share: pieces that draw themselves with Streamlit."""
