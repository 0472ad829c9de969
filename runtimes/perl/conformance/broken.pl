sub echoes { (
