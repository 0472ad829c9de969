echoes() { (
