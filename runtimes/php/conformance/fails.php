<?php
throw new TypeError('no pears');
