<?php
function echoes($event)
{
    return $event;
}
