<?php
return ['included' => true];
