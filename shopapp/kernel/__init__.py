"""What every part stands on; knows nothing of shops, members or WeChat."""
