# Streams a page: the caller gets each line when it is printed.
lines() {
	stream '{"statusCode":200,"headers":{"content-type":"text/plain"}}'
	for number in 0 1 2
	do
		echo "line $number"
		sleep 0.1
	done
}
