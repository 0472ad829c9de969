return { echoes = function(event) return event end }
