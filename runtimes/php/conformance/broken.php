<?php
function echoes($event {
