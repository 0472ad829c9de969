<?php
return ['same' => fn ($event) => $event];
